import BigInt

/// R9: what decides about seconds and fees.
struct Terms: Sendable {
    var initial = 1
    var subsequent = 1
    var minimumSeconds = 0
    var graceSeconds = 0
    var connectFee = Rational.zero
    var minimumCharge = Rational.zero
    var maximumCharge: Rational?

    /// Each term from the first of the sources that has it.
    init(_ sources: JSON...) {
        func integer(_ name: String) -> Int? {
            sources.lazy.compactMap { $0[name].integer ?? $0[name].string.flatMap(Int.init) }.first
        }
        func decimal(_ name: String) -> Rational? { sources.lazy.compactMap { $0[name].decimal }.first }
        initial = integer("initial_increment") ?? 1
        subsequent = integer("subsequent_increment") ?? 1
        minimumSeconds = integer("minimum_seconds") ?? 0
        graceSeconds = integer("grace_seconds") ?? 0
        connectFee = decimal("connect_fee") ?? .zero
        minimumCharge = decimal("minimum_charge") ?? .zero
        maximumCharge = decimal("maximum_charge")
    }
}

extension SecondRater {
    /// D6 to D8; a billed call of zero seconds pays no fees.
    mutating func billedSeconds(_ milliseconds: Int, _ terms: Terms) -> Int {
        if milliseconds == 0 {
            rule("D6")
            return 0
        }
        if milliseconds <= terms.graceSeconds * 1000 {
            rule("D7")
            return 0
        }
        rule("D8")
        var seconds = terms.initial
        while seconds * 1000 < milliseconds { seconds += terms.subsequent }
        return max(seconds, terms.minimumSeconds)
    }

    /// R11
    mutating func charge(_ rate: Rational, _ seconds: Int, _ terms: Terms) -> Rational {
        rule("R11", "G1", "G2", "G3")
        if seconds == 0 { return .zero }
        let exact = terms.connectFee + rate * Rational(BigInt(seconds), over: 60)
        let charge = max(exact, terms.minimumCharge).rounded(5)
        return terms.maximumCharge.map { min(charge, $0) } ?? charge
    }

    mutating func chargeCase(_ input: JSON) -> JSON {
        let rate = input["rate"].decimal ?? .zero
        return .object([
            "charge": .decimal(charge(rate, input["billed_seconds"].integer ?? 0, Terms(input["terms"])), 5)
        ])
    }

    mutating func marginCase(_ input: JSON) -> JSON {
        rule("R15")
        let rate = input["rate"].decimal ?? .zero
        let margin = rate - (input["cost"].decimal ?? .zero)
        return .object([
            "margin": .decimal(margin, 7),
            "margin_percentage": .decimal(rate == .zero ? nil : margin / rate * Rational(100), 2),
        ])
    }

    mutating func durationCase(_ input: JSON) -> JSON {
        var clocks = Clocks()
        clocks.answer = clocks.read(input["answer"])
        clocks.end = clocks.read(input["end"])
        rule("D1", "G4")
        clocks.judgeDuration()
        if !clocks.holds.isEmpty { rule("D3") }
        let terms = Terms(input["terms"])
        var billed: Int?
        if clocks.holds.isEmpty, let milliseconds = clocks.milliseconds {
            billed = billedSeconds(milliseconds, terms)
            if milliseconds > 0, milliseconds <= terms.graceSeconds * 1000 { clocks.flags.insert("GRACE") }
        }
        return .object([
            "duration_ms": .integer(clocks.milliseconds), "billed_seconds": .integer(billed),
            "flags": .flags(clocks.flags.union(clocks.holds)),
        ])
    }
}

/// D1 to D4: the stamps of a record, and what is wrong with them.
struct Clocks: Sendable {
    var start: Int?
    var answer: Int?
    var end: Int?
    var created: Int?
    /// Reasons to hold the record.
    var holds: Set<String> = []
    var flags: Set<String> = []

    /// D1
    var milliseconds: Int? { answer.flatMap { answer in end.map { $0 - answer } } }
    /// D2
    var instant: Int? { answer ?? start ?? end }

    /// D3: an unreadable stamp counts as absent.
    mutating func read(_ stamp: JSON) -> Int? {
        guard let text = stamp.string, !text.isEmpty else { return nil }
        guard let instant = Calendar.instant(text) else {
            holds.insert("BAD_TIMESTAMP")
            return nil
        }
        return instant
    }

    /// D3, D6
    mutating func judgeDuration() {
        if answer != nil, end == nil { holds.insert("MISSING_END") }
        guard let milliseconds else { return }
        if milliseconds < 0 { holds.insert("NEGATIVE_DURATION") }
        if milliseconds > 86_400_000 { holds.insert("EXCESSIVE_DURATION") }
        if milliseconds == 0 { flags.insert("ZERO_DURATION") }
    }

    /// D2, D3, G8: keys are kept for 13 months before the record came in.
    mutating func judgeInstant() {
        guard let instant else {
            holds.insert("NO_TIMESTAMP")
            return
        }
        guard let created else { return }
        if instant > created + 300_000 { holds.insert("FUTURE_TIMESTAMP") }
        if instant < Calendar.instant(created, lessMonths: 13) { holds.insert("TOO_OLD") }
    }

    /// D4
    mutating func judgeSkew() {
        if let answer, let start, answer < start { flags.insert("CLOCK_SKEW") }
        if answer == nil, let start, let end, end < start { flags.insert("CLOCK_SKEW") }
    }
}
