import BigInt

/// Section Q and C6.
extension SecondRater {
    private func number(_ value: JSON) -> Rational? {
        value.decimal ?? value.integer.map { Rational($0) }
    }

    /// Q4: of one call, at two decimals.
    mutating func meanOpinion(_ call: JSON) -> Rational? {
        rule("Q4")
        if let score = number(call["mos_score"]) { return score.rounded(2) }
        guard let loss = number(call["packet_loss"]), let jitter = number(call["jitter_ms"]) else { return nil }
        let latency = number(call["latency_ms"]) ?? Rational(50)
        let effective = latency + jitter * Rational(2) + Rational(10)
        var factor = Rational(BigInt(932), over: 10)
        factor -=
            effective < Rational(160)
            ? effective / Rational(40) : (effective - Rational(120)) / Rational(10)
        factor -= loss * Rational(BigInt(5), over: 2)
        factor = min(max(factor, .zero), Rational(100))
        let curve = factor * (factor - Rational(60)) * (Rational(100) - factor) * Rational(BigInt(7), over: 1_000_000)
        let score = (Rational(1) + factor * Rational(BigInt(35), over: 1000) + curve).rounded(2)
        return min(max(score, Rational(1)), Rational(BigInt(45), over: 10))
    }

    /// Q2: left out of the window.
    private func isLeftOut(_ call: JSON) -> Bool {
        var clocks = Clocks()
        clocks.start = clocks.read(call["start_stamp"])
        clocks.answer = clocks.read(call["answer_stamp"])
        clocks.end = clocks.read(call["end_stamp"])
        clocks.created = clocks.read(call["created_at"])
        clocks.judgeDuration()
        clocks.judgeInstant()
        return !clocks.holds.isEmpty || (isAnswered(call) && clocks.answer == nil)
    }

    private func isAnswered(_ call: JSON) -> Bool {
        call["disposition"].string?.lowercased() == "answered"
    }

    mutating func vendorPerformance(_ input: JSON) -> JSON {
        rule("Q1", "Q2", "Q3", "Q5")
        let calls = input["cdrs"].elements.filter { !isLeftOut($0) }
        let answered = calls.filter(isAnswered)
        let effective = calls.filter { call in
            isAnswered(call) || [480, 486, 487, 600, 603].contains(call["sip_response_code"].integer)
        }
        func percent(_ part: Int) -> Rational? {
            calls.isEmpty ? nil : Rational(BigInt(part * 100), over: BigInt(calls.count)).rounded(2)
        }
        let talk = answered.reduce(0) { sum, call in
            let answer = call["answer_stamp"].string.flatMap(Calendar.instant) ?? 0
            return sum + (call["end_stamp"].string.flatMap(Calendar.instant) ?? answer) - answer
        }
        func perAnswered(_ total: Rational, _ places: Int) -> Rational? {
            answered.isEmpty ? nil : (total / Rational(answered.count)).rounded(places)
        }
        let delays = calls.compactMap { $0["pdd_ms"].integer }.sorted()
        func rank(_ percentile: Int) -> Int? {
            delays.isEmpty ? nil : delays[(percentile * delays.count + 99) / 100 - 1]
        }
        let opinions = answered.compactMap { meanOpinion($0) }
        let opinion =
            opinions.isEmpty ? nil : (opinions.reduce(.zero, +) / Rational(opinions.count)).rounded(2)
        let cost = calls.reduce(Rational.zero) { $0 + (number($1["vendor_cost"]) ?? .zero) }
        let metrics = Metrics(
            asr: percent(answered.count), ner: percent(effective.count),
            delay: rank(95).map { Rational($0) }, opinion: opinion,
            duration: perAnswered(Rational(BigInt(talk), over: 1000), 2), cost: perAnswered(cost, 5))
        let score = score(metrics, input["targets"])
        var fields: [String: JSON] = [
            "attempts": .integer(calls.count), "answered": .integer(answered.count),
            "asr": .decimal(metrics.asr, 2), "ner": .decimal(metrics.ner, 2), "acd": .decimal(metrics.duration, 2),
            "pdd_p50_ms": .integer(rank(50)), "pdd_p95_ms": .integer(rank(95)), "mos": .decimal(opinion, 2),
            "total_cost": .decimal(cost, 5), "cost_per_successful_call": .decimal(metrics.cost, 5),
            "score": .decimal(score, 2), "grade": .text(score.map(grade)),
        ]
        if input["sla"] != .null { fields.merge(adjustment(metrics, score, input)) { $1 } }
        return .object(fields)
    }

    private struct Metrics {
        let asr: Rational?
        let ner: Rational?
        let delay: Rational?
        let opinion: Rational?
        let duration: Rational?
        let cost: Rational?
    }

    /// Q6
    private mutating func score(_ metrics: Metrics, _ targets: JSON) -> Rational? {
        rule("Q6")
        func more(_ value: Rational?, _ name: String, _ target: Rational) -> Rational? {
            value.map { min(Rational(1), $0 / (number(targets[name]) ?? target)) }
        }
        func less(_ value: Rational?, _ name: String, _ target: Rational) -> Rational? {
            value.map { $0 == .zero ? Rational(1) : min(Rational(1), (number(targets[name]) ?? target) / $0) }
        }
        let parts: [(weight: Int, part: Rational?)] = [
            (30, more(metrics.asr, "asr", Rational(50))), (20, more(metrics.ner, "ner", Rational(90))),
            (15, less(metrics.delay, "pdd", Rational(3000))), (15, more(metrics.opinion, "mos", Rational(4))),
            (10, more(metrics.duration, "acd", Rational(180))),
            (10, less(metrics.cost, "cost", Rational(BigInt(2), over: 100))),
        ]
        let weight = parts.reduce(0) { $0 + ($1.part == nil ? 0 : $1.weight) }
        guard weight > 0 else { return nil }
        let sum = parts.reduce(Rational.zero) { $0 + ($1.part ?? .zero) * Rational($1.weight) }
        return (sum * Rational(100) / Rational(weight)).rounded(2)
    }

    private func grade(_ score: Rational) -> String {
        for (grade, bound) in [("A", 90), ("B", 80), ("C", 70), ("D", 60)] where score >= Rational(bound) {
            return grade
        }
        return "F"
    }

    /// Q7
    private mutating func adjustment(_ metrics: Metrics, _ score: Rational?, _ input: JSON) -> [String: JSON] {
        rule("Q7")
        let sla = input["sla"]
        func isBelow(_ value: Rational?, _ name: String) -> Bool {
            guard let value, let bound = number(sla[name]) else { return false }
            return value < bound
        }
        var breaches: [String] = []
        if isBelow(metrics.asr, "asr_min") { breaches.append("asr") }
        if isBelow(metrics.ner, "ner_min") { breaches.append("ner") }
        if let delay = metrics.delay, let bound = number(sla["pdd_p95_max_ms"]), delay > bound {
            breaches.append("pdd")
        }
        if isBelow(metrics.opinion, "mos_min") { breaches.append("mos") }
        var percent = max(-10, -2 * breaches.count)
        if breaches.isEmpty, let score, score >= Rational(95) { percent = 1 }
        let payable = number(input["payable"]) ?? .zero
        return [
            "breaches": .strings(breaches), "adjustment_pct": .integer(percent),
            "adjustment": .decimal((payable * Rational(BigInt(percent), over: 100)).rounded(2), 2),
        ]
    }

    /// C6
    mutating func vendorPeriod(_ input: JSON) throws -> JSON {
        rule("C6")
        guard let day = Calendar.day(input["date"].string ?? "") else { throw CaseFault(reason: "no date") }
        let date = Calendar.date(day)
        let first: Int
        let end: Int
        switch input["cycle"].string {
        case "weekly":
            first = day - Calendar.weekday(day) + 1
            end = first + 7
        case "monthly":
            first = Calendar.day(date.year, date.month, 1)
            end = first + Calendar.daysOf(month: date.month, year: date.year)
        default:
            let month = (date.month - 1) / 3 * 3 + 1
            first = Calendar.day(date.year, month, 1)
            end = month == 10 ? Calendar.day(date.year + 1, 1, 1) : Calendar.day(date.year, month + 3, 1)
        }
        let due = end + (input["net_days"].integer ?? 0)
        let pay = due - max(0, Calendar.weekday(due) - 5)
        return .object([
            "period_start": .string(Calendar.text(day: first)), "period_end": .string(Calendar.text(day: end - 1)),
            "invoice_date": .string(Calendar.text(day: end)), "due_date": .string(Calendar.text(day: due)),
            "pay_date": .string(Calendar.text(day: pay)),
        ])
    }
}
