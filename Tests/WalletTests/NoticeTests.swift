import Core
import DaemonKit
import Foundation
import Testing

@testable import Wallet

@Suite("Notices")
struct NoticeTests {
    static let ada = CustomerID(Identifier128(high: 1, low: 1))
    /// 2026-11-22, noon.
    static let noon = Instant(milliseconds: 1_795_348_800_000)

    private static func usd(_ text: String) -> Money {
        do {
            return try Money(parsing: text)
        } catch {
            preconditionFailure("\(text) is no amount")
        }
    }

    /// One notice of each kind, as its maker makes it, with the facts it carries.
    static let notices: [(notice: Notice, data: String)] = [
        (
            .balanceLow(customer: ada, percent: 5, balance: usd("4.1279"), key: "1"),
            #"{"percent":5,"currency":"USD","balance":"4.1279"}"#
        ),
        (
            .walletSuspended(customer: ada, cause: .overLimit, balance: usd("-0.0001"), key: "1"),
            #"{"cause":"over_limit","currency":"USD","balance":"-0.0001"}"#
        ),
        (.walletResumed(customer: ada, balance: usd("20"), key: "1"), #"{"currency":"USD","balance":"20.0000"}"#),
        (
            .rechargeSucceeded(customer: ada, amount: usd("50"), balance: usd("54.1279"), isAutomatic: true, key: "1"),
            #"{"currency":"USD","amount":"50.0000","balance":"54.1279","automatic":true}"#
        ),
        (
            .rechargeFailed(customer: ada, amount: usd("50"), reason: "declined", isAutomatic: false, key: "1"),
            #"{"currency":"USD","amount":"50.0000","reason":"declined","automatic":false}"#
        ),
        (.autoRechargeDisabled(customer: ada, failures: 3, key: "1"), #"{"failures":3}"#),
        (
            .paymentSucceeded(customer: ada, amount: usd("12.5"), method: "ach", invoice: "INV-7", key: "1"),
            #"{"currency":"USD","amount":"12.5000","method":"ach","invoice":"INV-7"}"#
        ),
        (
            .paymentFailed(
                customer: ada, amount: usd("12.5"), method: "card", invoice: nil, reason: "expired\r\ncard", key: "1"),
            #"{"currency":"USD","amount":"12.5000","method":"card","invoice":null,"reason":"expired  card"}"#
        ),
        (
            .paymentReturned(
                customer: ada, amount: usd("12.5"), method: "ach", invoice: "INV-7", reason: "R01", key: "1"),
            #"{"currency":"USD","amount":"12.5000","method":"ach","invoice":"INV-7","reason":"R01"}"#
        ),
        (
            .fraudAlert(
                customer: ada, check: .spendPerHour, value: .amount(usd("101.5")), firedAt: noon,
                actions: [.notifyCustomer, .suspendService], key: "1"),
            #"{"check":"spend_per_hour","value":"101.50000","fired_at":"2026-11-22T12:00:00.000Z","#
                + #""actions":["notify_customer","suspend_service"]}"#
        ),
        (
            .holdUncaptured(customer: ada, call: "call-1\u{0}", amount: usd("0.25"), key: "1"),
            #"{"call":"call-1 ","currency":"USD","amount":"0.2500"}"#
        ),
        (.test(key: "1"), #"{"message":"This is a test."}"#),
    ]

    @Test("each kind has a maker, and its facts are those of the documentation")
    func makers() {
        #expect(Self.notices.map(\.notice.kind) == NoticeKind.allCases.map(\.rawValue))
        for (notice, data) in Self.notices { #expect(notice.data == data) }
        #expect(Set(Self.notices.map(\.notice.eventKey)).count == NoticeKind.allCases.count)
    }

    @Test("customers hear of what is theirs; a fraud alert only where the check's action says so")
    func audience() {
        let operators = Self.notices.filter { $0.notice.audience == .operators }.map(\.notice.kind)
        #expect(operators == ["hold.uncaptured", "notification.test"])
        let reviewed = Notice.fraudAlert(
            customer: Self.ada, check: .unusualDestination, value: .count(1), firedAt: Self.noon,
            actions: [.requireManualReview], key: "2")
        #expect(reviewed.audience == .operators)
        #expect(reviewed.eventKey == "fraud.alert:unusual_destination:2")
    }

    @Test("each kind has a text that its facts fill, with whose account it is and what to do", arguments: notices)
    func texts(notice: Notice, data: String) throws {
        let customer = notice.customer.map { $0.uuidString.lowercased() }
        let text = try NoticeTexts.text(
            kind: notice.kind, customer: customer, isForOperators: false, data: notice.data, at: Self.noon)
        for part in [text.subject, text.body] { #expect(!part.contains("{") && !part.contains("}")) }
        #expect(!text.subject.isEmpty && !text.subject.contains("\n"))
        #expect(text.body.contains("Time: 2026-11-22 12:00 UTC"))
        if let customer { #expect(text.body.contains("Account: \(customer)")) }
        // What happened, and what to do.
        #expect(text.body.components(separatedBy: "\n\n").count >= 4)
    }

    @Test("a low balance as a customer reads it: two decimals, never more than there is")
    func lowBalance() throws {
        let notice = Self.notices[0].notice
        let text = try NoticeTexts.text(
            kind: notice.kind, customer: Self.ada.text, isForOperators: false, data: notice.data, at: Self.noon)
        #expect(text.subject == "Low balance: 4.12 USD")
        #expect(
            text.body == """
                Your balance is 4.12 USD. That is 5% or less of what it was after your last payment.

                Please add funds soon. When the balance is used up, new calls are refused.

                Account: 00000000-0000-0001-0000-000000000001
                Time: 2026-11-22 12:00 UTC

                You receive this because this address is subscribed to notifications.

                """)
    }

    @Test("operators read the customer's text, and that it is the customer's")
    func operatorsText() throws {
        let notice = Self.notices[7].notice
        let text = try NoticeTexts.text(
            kind: notice.kind, customer: Self.ada.text, isForOperators: true, data: notice.data, at: Self.noon)
        #expect(
            text.body.hasPrefix(
                """
                To operators: this is about a customer, who is told:

                Your payment of 12.50 USD by card failed: expired  card.
                """))
    }

    @Test("a notice without the facts of its kind, or of no kind, has no text")
    func unwritable() {
        for (kind, data) in [("balance.low", "{}"), ("balance.high", "{}"), ("balance.low", "no JSON")] {
            #expect(throws: (any Error).self) {
                try NoticeTexts.text(kind: kind, customer: nil, isForOperators: false, data: data, at: Self.noon)
            }
        }
    }

    @Test("the documentation lists each kind")
    func documented() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/operations/notifications.md"), encoding: .utf8)
        for kind in NoticeKind.allCases { #expect(page.contains("| `\(kind.rawValue)` |"), "\(kind.rawValue)") }
    }
}
