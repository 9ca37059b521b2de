import Core
import TestSupport
import Testing

@Suite("Fraud control")
struct SpendLimitsTests {
    @Test("an event older than five minutes goes to review alone (F8)")
    func oldEvents() throws {
        var windows = SpendWindows()
        let alerts = windows.observe(
            FraudEvent(
                at: wednesday, .charge(try usd("101"), billedSeconds: 0, isInternational: false, highWaterMark: nil)))
        let alert = try #require(alerts.first)
        let suspension: [FraudAction] = [.notifyCustomer, .requireManualReview, .suspendService]
        #expect(alert.actions(seenAt: wednesday.advanced(milliseconds: 299_999)) == suspension)
        #expect(alert.actions(seenAt: wednesday.advanced(seconds: 300)) == [.requireManualReview])
    }

    @Test("a customer's own limits replace the defaults (F8)")
    func ownLimits() throws {
        var limits = SpendLimits()
        limits.spendPerHour = try usd("5")
        limits.actions[.spendPerHour] = [.requireManualReview]
        var windows = SpendWindows()
        let event = FraudEvent(
            at: wednesday, .charge(try usd("6"), billedSeconds: 0, isInternational: false, highWaterMark: nil))
        let alerts = windows.observe(event, limits: limits)
        #expect(alerts.map(\.check) == [.spendPerHour])
        #expect(alerts.map(\.actions) == [[.requireManualReview]])
    }

    @Test("a late event is measured against its own hour")
    func lateEvent() throws {
        var windows = SpendWindows()
        func charge(_ amount: String, secondsLater: Int) throws -> [FraudCheck] {
            let event = FraudEvent(
                at: wednesday.advanced(seconds: secondsLater),
                .charge(try usd(amount), billedSeconds: 0, isInternational: false, highWaterMark: nil))
            return windows.observe(event).map(\.check)
        }
        #expect(try charge("60", secondsLater: 3_000) == [])
        #expect(try charge("30", secondsLater: 0) == [], "60 lies after it")
        #expect(try charge("20", secondsLater: 3_500) == [.spendPerHour], "30 + 60 + 20 in an hour")
    }

    @Test("sliding sums are what adding up the window gives")
    func slidingSums() throws {
        var generator = SeededGenerator(property: 4)
        var windows = SpendWindows()
        var events: [(at: Int64, amount: Money)] = []
        var limits = SpendLimits()
        limits.spendPerHour = .zero
        var at: Int64 = 0
        for _ in 0..<2_000 {
            at += .random(in: 0...400_000, using: &generator)
            let amount = Money(units: .random(in: 1...1_000_000, using: &generator) * 100)
            events.append((at, amount))
            // Limit 0 fires once and stays true, so each event gets fresh eyes on the same windows.
            var eyes = windows
            let event = FraudEvent(
                at: Instant(milliseconds: at),
                .charge(amount, billedSeconds: 0, isInternational: false, highWaterMark: nil))
            let sum = events.filter { $0.at > at - 3_600_000 }.map(\.amount).total()
            if let alert = eyes.observe(event, limits: limits).first { #expect(alert.value == .amount(sum)) }
            _ = windows.observe(event, limits: SpendLimits.unreachable)
        }
    }
}

extension SpendLimits {
    /// Nothing fires.
    fileprivate static var unreachable: SpendLimits {
        var limits = SpendLimits()
        limits.spendPerHour = Money(units: .max)
        return limits
    }
}
