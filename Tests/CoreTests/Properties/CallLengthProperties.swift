import Core
import TestSupport
import Testing

@Suite("Calls of every length, under any terms")
struct CallLengthProperties {
    /// Lengths in milliseconds up to a few minutes: any, and both sides of every bound that terms may have.
    static func lengths(_ generator: inout SeededGenerator, _ terms: Terms) -> [Int64] {
        let bounds = [
            terms.graceSeconds, terms.increments.initial, terms.increments.initial + terms.increments.subsequent,
            terms.minimumSeconds,
        ]
        let around = bounds.flatMap { bound in (-1...1).map { Int64(bound) * 1_000 + $0 } }
        let any = (0..<30).map { _ in Int64.random(in: 0...400_000, using: &generator) }
        return (around + any).filter { $0 >= 0 }.sorted()
    }

    @Test("a longer call never costs less, neither the customer nor us (R11, R14)")
    func monotonous() throws {
        var generator = SeededGenerator(property: 31)
        for _ in 0..<400 {
            let terms = generator.terms()
            let rate = generator.rate()
            var last = (charge: Money.zero, cost: Money.zero)
            for length in Self.lengths(&generator, terms) {
                let billed = terms.billedTime(durationMilliseconds: length)
                let charge = try #require(terms.charge(rate: rate, billed: billed))
                let cost = try #require(terms.cost(rate: rate, billed: billed))
                #expect(charge >= last.charge && cost >= last.cost, "\(length) ms, \(rate), \(terms)")
                last = (charge, cost)
            }
        }
    }

    @Test("billed seconds cover the talk outside grace, and by no more than the increment that was begun (D7, D8)")
    func billedCoversTalk() {
        var generator = SeededGenerator(property: 32)
        for _ in 0..<400 {
            let terms = generator.terms()
            for length in Self.lengths(&generator, terms) {
                switch terms.billedTime(durationMilliseconds: length) {
                case .zeroDuration: #expect(length == 0)
                case .grace: #expect(length > 0 && length <= Int64(terms.graceSeconds) * 1_000)
                case .seconds(let billed):
                    #expect(Int64(billed) * 1_000 >= length, "\(length) ms, \(terms)")
                    let step =
                        length <= Int64(terms.increments.initial) * 1_000
                        ? terms.increments.initial : terms.increments.subsequent
                    let isBegun = Int64(billed - step) * 1_000 < length
                    #expect(isBegun || billed == terms.minimumSeconds, "\(length) ms, \(terms)")
                }
            }
        }
    }

    @Test("a charge lies within its plan's bounds and is whole at five decimals (R11, G3)")
    func bounds() throws {
        var generator = SeededGenerator(property: 33)
        for _ in 0..<400 {
            let terms = generator.terms()
            let rate = generator.rate()
            let seconds = Int.random(in: 1...4_000, using: &generator)
            let charge = try #require(terms.charge(rate: rate, billedSeconds: seconds))
            #expect(charge.isWhole(at: .charge))
            if let maximum = terms.maximumCharge {
                #expect(charge <= maximum.rounded(to: .charge), "\(terms)")
            } else {
                let least = max(terms.minimumCharge, terms.connectFee).rounded(to: .charge)
                #expect(charge >= least, "\(terms)")
                // To within half of the last digit, in 1e-7 USD times 60.
                let exact = Int128(terms.connectFee.units) * 60 + Int128(rate.units) * Int128(seconds)
                #expect(Int128(charge.units) * 60 + 50 * 60 >= exact, "\(terms)")
            }
        }
    }
}
