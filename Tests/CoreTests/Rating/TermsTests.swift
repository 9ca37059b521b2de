import Core
import Testing

@Suite("Terms and increments")
struct TermsTests {
    @Test(
        "a started increment is billed whole (D8)",
        arguments: [
            (milliseconds: Int64(1), increments: Increments(1, 1), billed: 1),
            (1, Increments(6, 6), 6),
            (6_000, Increments(6, 6), 6),
            (6_001, Increments(6, 6), 12),
            (30_000, Increments(30, 6), 30),
            (30_001, Increments(30, 6), 36),
            (60_500, Increments(60, 1), 61),
        ])
    func billed(milliseconds: Int64, increments: Increments, billed: Int) {
        #expect(increments.seconds(forMilliseconds: milliseconds) == billed)
    }

    @Test("minimum seconds lift the result and are not rounded to an increment (D8)")
    func minimumSeconds() {
        var terms = Terms()
        terms.increments = Increments(6, 6)
        terms.minimumSeconds = 25
        #expect(terms.billedTime(durationMilliseconds: 6_001) == .seconds(25))
        #expect(terms.billedTime(durationMilliseconds: 30_001) == .seconds(36))
        #expect(terms.billedTime(durationMilliseconds: 0) == .zeroDuration)
    }

    @Test("exactly the grace is free, a millisecond more is billed in full (D7)")
    func grace() {
        var terms = Terms()
        terms.increments = Increments(6, 6)
        terms.graceSeconds = 3
        #expect(terms.billedTime(durationMilliseconds: 3_000) == .grace)
        #expect(terms.billedTime(durationMilliseconds: 3_001) == .seconds(6))
    }

    @Test(
        "61 seconds at 0.0085 are 0.00864: one rounding on the exact sum (R11)",
        arguments: [
            (rate: "0.0085", seconds: 61, connectFee: "0", charge: "0.00864"),
            ("0.0003", 1, "0", "0.00001"),
            ("0.0002999", 1, "0", "0.00000"),
            ("0.0002400", 1, "0.0000040", "0.00001"),
            ("0.0027", 7, "0", "0.00032"),
        ])
    func charge(rate: String, seconds: Int, connectFee: String, charge: String) throws {
        var terms = Terms()
        terms.connectFee = try Money(parsing: connectFee)
        let amount = terms.charge(rate: try Rate(parsing: rate), billedSeconds: seconds)
        #expect(amount?.text(.charge) == charge)
    }

    @Test("the maximum beats the minimum, and an amount of ten million does not fit (R11, G7)")
    func bounds() throws {
        var terms = Terms()
        terms.minimumCharge = try Money(parsing: "0.01")
        terms.maximumCharge = try Money(parsing: "0.005")
        #expect(terms.charge(rate: .zero, billedSeconds: 60)?.text(.charge) == "0.00500")
        let dear = try Rate(parsing: "999999999")
        #expect(terms.charge(rate: dear, billedSeconds: 61)?.text(.charge) == "0.00500")
        terms.maximumCharge = nil
        #expect(terms.charge(rate: dear, billedSeconds: 61) == nil)
    }
}
