import Core
import TestSupport
import Testing

@Suite("Spend windows")
struct SpendWindowsTests {
    private func start(_ seconds: Int, _ country: String? = "US") -> FraudEvent {
        FraudEvent(at: wednesday.advanced(seconds: seconds), .callStart(country: country))
    }

    private func charge(_ amount: String, at instant: Instant, mark: Money? = nil) throws -> FraudEvent {
        FraudEvent(at: instant, .charge(try usd(amount), billedSeconds: 60, isInternational: true, highWaterMark: mark))
    }

    @Test("calls whose records come in the reverse order of their starts fire once, with the eleventh")
    func reverse() {
        var windows = SpendWindows()
        var fired: [Int] = []
        for number in 1...13 where !windows.observe(start(100 - number)).isEmpty { fired.append(number) }
        #expect(fired == [11])
    }

    @Test("the record of a long call arms no check again")
    func longCall() {
        var windows = SpendWindows()
        for number in 1...10 { #expect(windows.observe(start(3_000 + number)).isEmpty) }
        #expect(windows.observe(start(3_011)).map(\.check) == [.callsPerMinute])
        #expect(windows.observe(start(600)).isEmpty, "it started long before them")
        #expect(windows.observe(start(3_012)).isEmpty, "it is the twelfth")
        #expect(windows.observe(start(3_200)).isEmpty)
        for number in 1...9 { #expect(windows.observe(start(3_200 + number)).isEmpty) }
        #expect(windows.observe(start(3_211)).map(\.check) == [.callsPerMinute], "a quiet call armed it")
    }

    @Test("long calls that began together fire, although shorter calls came between")
    func burstBehind() {
        var windows = SpendWindows()
        for number in 0..<20 { #expect(windows.observe(start(number * 150)).isEmpty) }
        var fired: [Int] = []
        for number in 1...12 where !windows.observe(start(70 + number)).isEmpty { fired.append(number) }
        #expect(fired == [11])
    }

    @Test("what is kept goes on as if it had not been put away")
    func bytes() throws {
        var generator = SeededGenerator(property: 11)
        var windows = SpendWindows()
        var kept = SpendWindows()
        var at = wednesday
        var alerts = 0
        for number in 0..<2_000 {
            let isNextDay = number % 200 == 199
            at = at.advanced(seconds: isNextDay ? 90_000 : 0)
                .advanced(milliseconds: .random(in: -20_000...60_000, using: &generator))
            let country = ["GB", "FR", "CU", "US"].randomElement(using: &generator)
            let event =
                switch Int.random(in: 0...3, using: &generator) {
                case 0: FraudEvent(at: at, .callStart(country: country))
                case 1: FraudEvent(at: at, .paymentFailed)
                default: try charge("1.50001", at: at, mark: try usd("40"))
                }
            kept = try #require(SpendWindows(bytes: kept.bytes))
            let expected = windows.observe(event)
            #expect(kept.observe(event) == expected)
            alerts += expected.count
        }
        #expect(alerts > 20)
    }

    @Test(
        "bytes that are no windows are refused", arguments: [[], [9], [1], [1, 0, 5, 0], [1, 0, 0xFF]] as [[UInt8]])
    func refusedBytes(bytes: [UInt8]) {
        #expect(SpendWindows(bytes: bytes) == nil)
        #expect(SpendWindows(bytes: SpendWindows().bytes + [0]) == nil)
    }

    @Test("very many charges beyond the limit are forgotten, and nothing else fires for it")
    func busy() throws {
        var generator = SeededGenerator(property: 12)
        var limits = SpendLimits()
        limits.spendPerHour = try usd("2")
        limits.internationalSecondsPerDay = .max
        var windows = SpendWindows()
        var recent: [(at: Int64, amount: Money)] = []
        var (isTrue, fired) = (false, 0)
        var at = wednesday
        for number in 0..<8_000 {
            let pause = number % 1_600 == 1_599 ? 7_200_000 : Int64.random(in: 0...1_500, using: &generator)
            at = at.advanced(milliseconds: pause)
            let amount = Money(units: .random(in: 100...1_000, using: &generator) * 100)
            recent.append((at.milliseconds, amount))
            recent.removeAll { $0.at <= at.milliseconds - 3_600_000 }
            let sum = recent.map(\.amount).total()
            let alerts = windows.observe(try charge(amount.text(.charge), at: at), limits: limits)
            let isExpected = sum > limits.spendPerHour && !isTrue
            #expect(alerts.map(\.value) == (isExpected ? [.amount(sum)] : []))
            isTrue = sum > limits.spendPerHour
            fired += alerts.count
        }
        #expect(fired == 5)
    }

    @Test("the size is bounded, whatever a customer does")
    func size() throws {
        var windows = SpendWindows()
        var at = wednesday
        let mark = try usd("1000000")
        for _ in 0..<20_000 {
            at = at.advanced(milliseconds: 150)
            _ = windows.observe(FraudEvent(at: at, .callStart(country: "GB")))
            _ = windows.observe(try charge("0.00001", at: at, mark: mark))
        }
        #expect(windows.bytes.count < 20_000)
        let alerts = windows.observe(try charge("100.00000", at: at, mark: mark))
        #expect(alerts.map(\.check) == [.spendPerHour])
        #expect(alerts.map(\.value) == [.amount(try usd("100.20000"))], "what is joined stays counted")
    }

    @Test("limits are written in the unit of their check, and read again")
    func document() throws {
        let text = """
            {"calls_per_minute":{"limit":"120"},"spend_per_hour":{"limit":"250.50","actions":["notify_customer"]},\
            "international_minutes":{"limit":"90"},"rapid_balance_depletion":{"actions":[]}}
            """
        let document = try SpendLimitsDocument(parsing: text)
        #expect(document.text == text)
        let limits = SpendLimits().with(document)
        #expect(limits.callsPerMinute == 120)
        #expect(limits.spendPerHour == (try usd("250.50")))
        #expect(limits.internationalSecondsPerDay == 5_400)
        #expect(limits.actions[.spendPerHour] == [.notifyCustomer])
        #expect(limits.actions[.rapidBalanceDepletion] == [])
        #expect(limits.depletionPercent == 50)
        #expect(limits.text(of: .rapidBalanceDepletion) == "50")
    }

    @Test("where nothing is to be done about a fresh event, nothing is about an old one (F8)")
    func noActions() throws {
        var limits = SpendLimits()
        limits.actions[.spendPerHour] = []
        var windows = SpendWindows()
        let alert = try #require(windows.observe(try charge("101", at: wednesday), limits: limits).first)
        #expect(alert.actions(seenAt: wednesday.advanced(seconds: 300)) == [])
    }

    @Test(
        "what is no limit is refused",
        arguments: [
            "[]", "{", #"{"calls":{}}"#, #"{"spend_per_hour":100}"#, #"{"spend_per_hour":{"limit":"-1"}}"#,
            #"{"calls_per_minute":{"limit":"1.5"}}"#, #"{"multiple_payment_failures":{"limit":0}}"#,
            #"{"spend_per_hour":{"limit":"0.000001"}}"#, #"{"spend_per_hour":{"actions":["stop"]}}"#,
            #"{"spend_per_hour":{"window":60}}"#, #"{"calls_per_minute":{"limit":"10000001"}}"#,
        ])
    func faults(text: String) {
        #expect(throws: SpendLimitsDocument.Fault.self) { try SpendLimitsDocument(parsing: text) }
    }
}
