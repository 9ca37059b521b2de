/// Random vendor CDRs: how well vendors work, and what they bill.
struct VendorMaker: Sendable {
    static func quality(_ random: inout SplitMix) -> [String: JSON] {
        var call: [String: JSON] = [:]
        if random.chance(30) { call["mos_score"] = .string(random.amount(100...450, 2)) }
        if random.chance(80) { call["packet_loss"] = .string(random.amount(0...random.pick([300, 6000]), 2)) }
        if random.chance(80) { call["jitter_ms"] = .integer(random.number(0...random.pick([30, 200]))) }
        if random.chance(80) { call["latency_ms"] = .integer(random.number(0...random.pick([150, 800]))) }
        return call
    }

    static func performance(_ random: inout SplitMix) -> JSON {
        let start = Calendar.day(2025, 3, 12) * Calendar.dayLength
        let isGood = random.chance(40)
        let calls = (0..<random.number(0...25)).map { _ -> JSON in
            var call = quality(&random)
            let isAnswered = random.chance(isGood ? 90 : 45)
            let answer = start + random.number(0...20_000)
            call["disposition"] = .string(
                isAnswered ? random.pick(["answered", "ANSWERED"]) : random.pick(["busy", "failed", "no_answer"]))
            call["sip_response_code"] = .integer(isAnswered ? 200 : random.pick([480, 486, 487, 600, 603, 404, 503]))
            call["pdd_ms"] = random.chance(85) ? .integer(random.number(0...6000)) : .null
            call["start_stamp"] = .string(Calendar.text(instant: start))
            call["answer_stamp"] = isAnswered && random.chance(97) ? .string(Calendar.text(instant: answer)) : .null
            let length = random.pick(weighted: [(30, random.number(0...600_000)), (1, -1), (1, 86_400_001)])
            call["end_stamp"] = random.chance(97) ? .string(Calendar.text(instant: answer + length)) : .null
            call["vendor_cost"] = isAnswered ? .string(random.amount(0...9000, 5)) : .null
            return .object(call)
        }
        var input: [String: JSON] = ["cdrs": .array(calls)]
        if random.chance(60) {
            input["sla"] = [
                "asr_min": .string(random.amount(4000...6000, 2)), "ner_min": .string(random.amount(6000...9500, 2)),
                "pdd_p95_max_ms": .integer(random.number(3000...7000)), "mos_min": .string(random.amount(300...430, 2)),
            ]
            input["payable"] = .string(random.amount(0...500_000, 2))
        }
        if random.chance(30) {
            input["targets"] = [
                "asr": .string(random.amount(1000...9000, 2)), "pdd": .integer(random.number(500...5000)),
            ]
        }
        return .object(input)
    }

    static func period(_ random: inout SplitMix) -> JSON {
        [
            "cycle": .string(random.pick(["weekly", "monthly", "quarterly"])),
            "net_days": .integer(random.pick([7, 30, 45, random.number(0...90)])),
            "date": .string(Calendar.text(day: Calendar.day(2024, 1, 1) + random.number(0...1200))),
        ]
    }

    static func reconcile(_ numbers: NumberPool, _ random: inout SplitMix) -> JSON {
        let base = Calendar.day(2025, 3, 12) * Calendar.dayLength
        let callers = Array(numbers.geographic.prefix(2))
        let called = [numbers.geographic[0], numbers.tollFree[0], "+" + numbers.foreign[0]]
        func ani(_ random: inout SplitMix) -> JSON {
            random.pick(weighted: [(10, .string(random.pick(callers))), (2, .null), (1, "anonymous")])
        }
        let ours = (0..<random.number(0...7)).map { index -> JSON in
            [
                "id": .string("o\(index)"), "callid": random.pick(["", "x", "y", "z", "w", .null]), "ani": ani(&random),
                "dni": random.chance(4) ? "123" : .string(random.pick(called)),
                "start": .string(Calendar.text(instant: base + random.number(0...12) * 1000)),
                "billed_seconds": .integer(random.pick([0, 60, 60, 61, 63])),
                "rate": .string(random.pick(["0.0045000", "0.0060000"])),
                "cost": .string(random.pick(["0.00000", "0.00450", "0.00600"])),
            ]
        }
        var theirs: [JSON] = []
        for record in ours + ours where random.chance(60) {
            var copy = record.members
            copy["id"] = nil
            if random.chance(50) { copy["callid"] = "" }
            if random.chance(20) { copy["ani"] = ani(&random) }
            if let digits = copy["dni"]?.string, digits.count == 10, random.chance(50) {
                copy["dni"] = .string("+1" + digits)
            }
            if random.chance(40), let start = copy["start"]?.string.flatMap(Calendar.instant) {
                copy["start"] = .string(
                    Calendar.text(instant: start + random.pick([-5001, -5000, -2001, 500, 2000, 5000])))
            }
            if random.chance(30) { copy["billed_seconds"] = .integer(random.pick([0, 58, 60, 62, 63])) }
            if random.chance(20) { copy["rate"] = random.pick([.null, "0.0045000", "0.0046000"]) }
            if random.chance(30) { copy["cost"] = .string(random.pick(["0.00000", "0.00460", "0.00461", "0.01450"])) }
            theirs.append(.object(copy))
        }
        theirs = theirs.enumerated().map { $1.setting("line", .integer($0 + 1)) }
        if random.chance(30) { theirs.reverse() }
        let invoice = Calendar.day(2025, 4, 1)
        return [
            "ours": .array(ours), "theirs": .array(theirs), "invoice_date": .string(Calendar.text(day: invoice)),
            "dispute_date": .string(Calendar.text(day: invoice + random.pick([0, 29, 30, 31]))),
        ]
    }
}
