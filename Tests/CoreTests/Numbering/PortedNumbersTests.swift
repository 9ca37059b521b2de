import Core
import Testing

@Suite("Ported numbers and blocks")
struct PortedNumbersTests {
    private func port(_ number: UInt64, _ lrn: UInt64, _ activated: String) -> PortedNumbers.Port {
        .init(
            number: NationalNumber(digits: number), lrn: NationalNumber(digits: lrn),
            activated: Instant(parsing: activated)!)
    }

    @Test("the latest port in force counts, from its very millisecond (E2)")
    func inForce() {
        let ported = PortedNumbers([
            port(3_122_007_777, 6_303_010_000, "2025-03-15T12:00:00.001Z"),
            port(3_122_007_777, 3_122_010_000, "2025-01-01T00:00:00Z"),
            port(3_122_007_778, 2_126_000_000, "2020-01-01T00:00:00Z"),
        ])
        func lrn(_ at: String?) -> String? {
            ported.lrn(of: NationalNumber(digits: 3_122_007_777), at: at.flatMap { Instant(parsing: $0) })?.text
        }
        #expect(lrn("2024-12-31T23:59:59.999Z") == nil)
        #expect(lrn("2025-01-01T00:00:00Z") == "3122010000")
        #expect(lrn("2025-03-15T12:00:00.000Z") == "3122010000")
        #expect(lrn("2025-03-15T12:00:00.001Z") == "6303010000")
        #expect(lrn(nil) == "6303010000")
        #expect(ported.count == 3)
    }

    @Test("every ported number is found among many, and no other")
    func many() {
        var ports: [PortedNumbers.Port] = []
        for index in UInt64(0)..<5_000 {
            ports.append(
                port(2_000_000_000 + index * 1_999_993 % 8_000_000_000, 3_120_000_000 + index, "2020-01-01T00:00:00Z"))
        }
        let ported = PortedNumbers(ports)
        let now = Instant(parsing: "2025-01-01T00:00:00Z")
        for port in ports {
            #expect(ported.lrn(of: port.number, at: now) == port.lrn)
            #expect(ported.lrn(of: NationalNumber(digits: port.number.digits + 1), at: now) == nil)
        }
    }

    @Test("a thousands block beats the whole code (E4)")
    func thousandsBlock() {
        let numbers = SmallWorld.numbers()
        func rateCenter(_ number: UInt64) -> String? {
            numbers.lerg.block(of: NationalNumber(digits: number)).flatMap { numbers.names[$0.rateCenter] }
        }
        #expect(rateCenter(6_303_005_000) == "AURORA")
        #expect(rateCenter(6_303_004_000) == "NAPERVILLE")
        #expect(rateCenter(6_304_005_000) == nil)
    }
}
