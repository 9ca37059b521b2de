import Core
import Testing

@Suite("Money")
struct MoneyTests {
    @Test(
        "an amount keeps its digits from text to text",
        arguments: [
            ("0.00712", MoneyScale.charge, "0.00712"), ("-12.5", .cents, "-12.50"), ("0", .ledger, "0.0000"),
            ("-0.00000", .charge, "0.00000"), ("007.10", .cents, "7.10"), ("1.2000000000", .charge, "1.20000"),
            ("922337203685.4775807", .full, "922337203685.4775807"),
        ])
    func text(_ written: String, _ scale: MoneyScale, _ shown: String) throws {
        #expect(try Money(parsing: written).text(scale) == shown)
    }

    @Test(
        "text that is no amount is refused with its reason",
        arguments: [
            ("", FixedPoint.ParsingError.notADecimal), ("1.", .notADecimal), (".5", .notADecimal),
            ("1e3", .notADecimal),
            ("1,000", .notADecimal), ("--1", .notADecimal), ("0.00000001", .tooManyDecimals),
            ("922337203685.4775808", .overflow),
        ])
    func refused(_ written: String, _ reason: FixedPoint.ParsingError) {
        #expect(throws: reason) { try Money(parsing: written) }
    }

    @Test(
        "halves are rounded away from zero",
        arguments: [
            ("0.000005", "0.00001"), ("-0.000005", "-0.00001"), ("0.0000049", "0.00000"), ("0.0000150", "0.00002"),
            ("-0.0000149", "-0.00001"),
        ])
    func rounding(_ exact: String, _ charge: String) throws {
        #expect(try Money(parsing: exact).rounded(to: .charge).text(.charge) == charge)
    }

    @Test("a wallet's debit is cut towards minus infinity, a hold is raised")
    func floorAndCeiling() throws {
        #expect(try Money(parsing: "0.00712").roundedDown(to: .ledger).text(.ledger) == "0.0071")
        #expect(try Money(parsing: "-0.00712").roundedDown(to: .ledger).text(.ledger) == "-0.0072")
        #expect(try Money(parsing: "0.00712").roundedUp(to: .ledger).text(.ledger) == "0.0072")
        #expect(try Money(parsing: "0.00710").roundedUp(to: .ledger).text(.ledger) == "0.0071")
    }

    @Test("61 seconds at 0.0085 a minute cost 0.00864: one division, one rounding")
    func oneRounding() throws {
        let rate = try Rate(parsing: "0.0085")
        let charge = Money(rounding: Int128(rate.units) * 61, dividedBy: 60, to: .charge)
        #expect(charge.text(.charge) == "0.00864")
    }

    @Test("a product beyond 64 bits is still divided exactly")
    func wideDivision() {
        let wide = Int128(Int64.max) * 60 + 30
        #expect(Rounding.halfAwayFromZero(wide, dividedBy: 60) == Int128(Int64.max) + 1)
        #expect(Rounding.halfAwayFromZero(-wide, dividedBy: 60) == -(Int128(Int64.max) + 1))
    }

    @Test("a margin of 0.0040000 on 0.0085000 is 47.06 percent, and none is known of nothing")
    func percentage() {
        #expect(Percentage(40_000, of: 85_000)?.text == "47.06")
        #expect(Percentage(-1, of: 8)?.text == "-12.50")
        #expect(Percentage(1, of: 0) == nil)
    }
}
