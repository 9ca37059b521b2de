/// Random lives of wallets, and floods of events for the spend limits.
struct WalletMaker: Sendable {
    static func maxSeconds(_ random: inout SplitMix) -> JSON {
        var input: [String: JSON] = [
            "available": random.chance(5) ? .null : .string(random.amount(-100...30_000, 4)),
            "rate": .string(random.rate()),
        ]
        if random.chance(70) { input["terms"] = PlanMaker.allTerms(&random) }
        if random.chance(30) { input["cap"] = .integer(random.pick([0, 1, 5, 60, 100, 3600, 14_400])) }
        return .object(input)
    }

    static func wallet(_ random: inout SplitMix) -> JSON {
        let model = random.pick(["PREPAID", "PREPAID", "HYBRID", "POSTPAID"])
        var start: [String: JSON] = ["model": .string(model)]
        start["balance"] = .string(model == "POSTPAID" ? "0.0000" : random.amount(0...200_000, 4))
        if random.chance(60) { start["credit_limit"] = random.chance(15) ? .null : .string(random.amount(0...2000, 2)) }
        if model != "PREPAID", random.chance(50) { start["accrued"] = .string(random.amount(0...50_000, 4)) }
        if random.chance(30) { start["residue"] = .string(random.amount(0...9, 5)) }
        if random.chance(20) { start["receivable"] = .string(random.amount(0...5000, 2)) }
        if random.chance(60) { start["high_water_mark"] = .string(random.amount(1...200_000, 4)) }
        if random.chance(5) { start["suspended"] = true }
        if random.chance(50) {
            start["auto_recharge"] = [
                "enabled": .bool(random.chance(80)), "threshold": .string(random.amount(0...3000, 2)),
                "amount": .string(random.amount(100...5000, 2)),
            ]
            if random.chance(30) { start["recharge_failures"] = .integer(random.number(0...2)) }
        }
        var at = Calendar.day(2025, 3, 12) * Calendar.dayLength
        let operations = (0..<random.number(4...20)).map { _ -> JSON in
            at += random.pick([0, 1000, 60_000, 299_999, 300_000, 599_999, 600_000, 3_599_999, 3_600_000])
            var operation = operation(&random)
            operation["at"] = .string(Calendar.text(instant: at))
            return .object(operation)
        }
        return ["wallet": .object(start), "ops": .array(operations)]
    }

    private static func operation(_ random: inout SplitMix) -> [String: JSON] {
        let hold: JSON = .string(random.pick(["a", "b", "c"]))
        let name = random.pick(weighted: [
            (25, "debit"), (10, "topup"), (10, "refund"), (20, "authorize"), (10, "extend"), (5, "release"),
            (12, "settle"), (8, "recharge_result"), (5, "tick"),
        ])
        switch name {
        case "debit":
            return [
                "op": "debit",
                "charge": .string(random.pick([random.amount(0...30, 5), random.amount(0...500_000, 5)])),
            ]
        case "settle":
            return ["op": "settle", "hold": hold, "charge": .string(random.amount(0...100_000, 5))]
        case "topup":
            let isHuge = random.chance(4)
            return ["op": "topup", "amount": .string(isHuge ? "999995.0000" : random.amount(1...200_000, 4))]
        case "refund":
            return [
                "op": "refund",
                "amount": .string(random.pick([random.amount(1...30, 5), random.amount(1...200_000, 5)])),
            ]
        case "authorize":
            var operation: [String: JSON] = ["op": "authorize", "hold": hold, "rate": .string(random.rate())]
            if random.chance(60) { operation["terms"] = PlanMaker.allTerms(&random) }
            return operation
        case "recharge_result": return ["op": "recharge_result", "success": .bool(random.chance(50))]
        case "tick": return ["op": "tick"]
        default: return ["op": .string(name), "hold": hold]
        }
    }

    static func fraud(_ random: inout SplitMix) -> JSON {
        var at = Calendar.day(2025, 3, 12) * Calendar.dayLength
        let steps = random.pick([
            [0, 1000, 5000, 60_000], [1000, 60_000, 900_000, 3_600_000], [3_600_000, 86_400_000, 2_592_000_000],
        ])
        let type = random.pick(["call_start", "charge", "payment_failed", ""])
        let events = (0..<random.number(1...40)).map { _ -> JSON in
            at += random.pick(steps)
            var event: [String: JSON] = [
                "customer": .string(random.pick(["A", "A", "A", "B"])), "at": .string(Calendar.text(instant: at)),
            ]
            let own = type.isEmpty ? random.pick(["call_start", "charge", "payment_failed"]) : type
            event["type"] = .string(own)
            if own == "call_start" {
                event["country"] = .string(random.pick(["US", "PR", "GB", "FR", "CU", "SO", "CA"]))
            }
            if own == "charge" {
                event["amount"] = .string(
                    random.pick([random.amount(0...100_000, 5), random.amount(0...3_000_000, 5)]))
                event["billed_seconds"] = .integer(random.number(0...1800))
                event["international"] = .bool(random.chance(60))
            }
            return .object(event)
        }
        var input: [String: JSON] = ["events": .array(random.chance(20) ? events.reversed() : events)]
        if random.chance(70) {
            input["high_water_marks"] = ["A": .string(random.amount(0...500_000, 4)), "B": "0.0000"]
        }
        return .object(input)
    }
}
