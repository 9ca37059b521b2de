import Core
import TestSupport
import Testing

@Suite("Holds")
struct HoldTests {
    static func price(_ rate: String, _ initial: Int = 1, _ subsequent: Int = 1) throws -> CallPrice {
        var terms = Terms()
        terms.increments = Increments(initial, subsequent)
        return CallPrice(rate: try Rate(parsing: rate), terms: terms)
    }

    @Test("a switch is told one second less than what is held (W12)")
    func switchSeconds() throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("10"))
        let decision = try wallet.authorize("a", price: Self.price("0.06"), existing: nil, at: wednesday)
        #expect(decision.hold.reserveSeconds == 300)
        #expect(decision.hold.switchSeconds == 299)
        #expect(decision.wallet.held == (try usd("0.3")))
    }

    @Test("a call that ended keeps the price of what was talked until its record captures it (W12)")
    func endAndCapture() throws {
        var wallet = WalletState(model: .prepaid, balance: try usd("10"))
        let granted = try wallet.authorize("a", price: Self.price("0.06", 6, 6), existing: nil, at: wednesday)
        let ended = try granted.wallet.end(granted.hold, talkSeconds: 61, at: wednesday.advanced(seconds: 65))
        #expect(ended.hold.amount == (try usd("0.066")))
        #expect(ended.wallet.held == (try usd("0.066")))
        #expect(throws: WalletRefusal.noHold) { try ended.wallet.extend(ended.hold, at: wednesday) }
        wallet = try ended.wallet.debit(try usd("0.06600"), closing: ended.hold, at: wednesday).wallet
        #expect(wallet.held == .zero)
        #expect(wallet.balance == (try usd("9.934")))
    }

    @Test("an unanswered call's end frees the money")
    func endWithoutTalk() throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("10"))
        let granted = try wallet.authorize("a", price: Self.price("0.06"), existing: nil, at: wednesday)
        let ended = try granted.wallet.end(granted.hold, talkSeconds: 0, at: wednesday)
        #expect(ended.wallet == wallet)
    }

    @Test("an ended hold that no record captures in seven days is released with an alarm (W12)")
    func uncaptured() throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("10"))
        let granted = try wallet.authorize("a", price: Self.price("0.06"), existing: nil, at: wednesday)
        #expect(granted.hold.expiresAt == wednesday.advanced(seconds: 600))
        let end = wednesday.advanced(seconds: 60)
        let ended = try granted.wallet.end(granted.hold, talkSeconds: 60, at: end)
        let week = end.advanced(seconds: 7 * 86_400)
        #expect(!ended.hold.isExpired(at: week.advanced(milliseconds: -1)))
        #expect(ended.hold.isExpired(at: week))
        let released = try ended.wallet.release(ended.hold, at: week)
        #expect(released.flags == [.holdUncaptured])
        #expect(released.wallet == wallet)
    }

    @Test("a second request for the same call changes nothing (W6)")
    func repeated() throws {
        let wallet = WalletState(model: .prepaid, balance: try usd("10"))
        let granted = try wallet.authorize("a", price: Self.price("0.06"), existing: nil, at: wednesday)
        #expect(throws: WalletRefusal.holdExists) {
            try granted.wallet.authorize("a", price: Self.price("0.06"), existing: granted.hold, at: wednesday)
        }
    }

    @Test("the search for the longest affordable call finds what trying every second finds (W5)")
    func maximumSeconds() throws {
        var generator = SeededGenerator(property: 5)
        for _ in 0..<200 {
            var terms = Terms()
            terms.increments = Increments(
                .random(in: 1...60, using: &generator), .random(in: 1...60, using: &generator))
            terms.minimumSeconds = .random(in: 0...40, using: &generator)
            terms.connectFee = Money(units: .random(in: 0...50_000, using: &generator))
            terms.minimumCharge = Money(units: .random(in: 0...50_000, using: &generator))
            if Bool.random(using: &generator) {
                terms.maximumCharge = Money(units: .random(in: 0...900_000, using: &generator))
            }
            let price = CallPrice(rate: Rate(units: .random(in: 0...900_000, using: &generator)), terms: terms)
            let available = Money(units: .random(in: -1_000...1_000_000, using: &generator)).roundedDown(to: .ledger)
            var longest = 0
            for boundary in stride(from: terms.increments.initial, through: 400, by: terms.increments.subsequent) {
                let charge = try #require(
                    terms.charge(rate: price.rate, billedSeconds: max(boundary, terms.minimumSeconds)))
                if charge <= available { longest = boundary }
            }
            #expect(price.maximumSeconds(available: available, cap: 400) == longest, "\(price) \(available)")
        }
    }
}
