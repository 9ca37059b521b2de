import Core
import DaemonKit
import Foundation
import Reference

extension Notifications {
    /// The wallet's own.
    static let wallet = Notifications(
        table: "billing.wallet_notifications", subscriptions: "billing.wallet_subscriptions")
}

/// What the wallet tells of, by the name that subscriptions and receivers know.
enum NoticeKind: String, CaseIterable {
    case balanceLow = "balance.low"
    case walletSuspended = "wallet.suspended"
    case walletResumed = "wallet.resumed"
    case rechargeSucceeded = "recharge.succeeded"
    case rechargeFailed = "recharge.failed"
    case autoRechargeDisabled = "auto_recharge.disabled"
    case paymentSucceeded = "payment.succeeded"
    case paymentFailed = "payment.failed"
    case paymentReturned = "payment.returned"
    case fraudAlert = "fraud.alert"
    case holdUncaptured = "hold.uncaptured"
    /// What `wallet notifications test` sends.
    case test = "notification.test"
}

/// Why a wallet is suspended.
enum SuspensionCause: String, CaseIterable {
    /// Usage went beyond the credit limit (rule W3).
    case overLimit = "over_limit"
    /// Fraud control (rule F7).
    case fraudControl = "fraud_control"
    /// An operator, by hand.
    case `operator`
}

/// Each maker's `key` says which event of its kind it is: the id of the row that caused it, so that a repeat tells nothing again.
extension Notice {
    /// So many percent of the balance after the last top-up, or less, are left (rule W8). `key`: the transaction that brought it there.
    static func balanceLow(customer: CustomerID, percent: Int, balance: Money, key: String) -> Notice {
        Notice(.balanceLow, customer, key: key) { json in
            json.field("percent", percent)
            json.amounts(("balance", balance))
        }
    }

    /// No new calls are taken. `key`: the transaction, the fraud alert or the operator's action.
    static func walletSuspended(customer: CustomerID, cause: SuspensionCause, balance: Money, key: String) -> Notice {
        Notice(.walletSuspended, customer, key: key) { json in
            json.field("cause", cause.rawValue)
            json.amounts(("balance", balance))
        }
    }

    /// Calls are taken again (rule W4). `key`: the transaction or the operator's action.
    static func walletResumed(customer: CustomerID, balance: Money, key: String) -> Notice {
        Notice(.walletResumed, customer, key: key) { $0.amounts(("balance", balance)) }
    }

    /// The balance was filled up. `key`: the payment.
    static func rechargeSucceeded(
        customer: CustomerID, amount: Money, balance: Money, isAutomatic: Bool, key: String
    ) -> Notice {
        Notice(.rechargeSucceeded, customer, key: key) { json in
            json.amounts(("amount", amount), ("balance", balance))
            json.field("automatic", isAutomatic)
        }
    }

    /// The balance was not filled up. `reason`: the processor's, as people may read it. `key`: the payment.
    static func rechargeFailed(
        customer: CustomerID, amount: Money, reason: String, isAutomatic: Bool, key: String
    ) -> Notice {
        Notice(.rechargeFailed, customer, key: key) { json in
            json.amounts(("amount", amount))
            json.field("reason", said(reason))
            json.field("automatic", isAutomatic)
        }
    }

    /// Auto-recharge was switched off after so many failures in a row (rule W9). `key`: the payment that failed last.
    static func autoRechargeDisabled(customer: CustomerID, failures: Int, key: String) -> Notice {
        Notice(.autoRechargeDisabled, customer, key: key) { $0.field("failures", failures) }
    }

    /// Money came in. `invoice`: the number of the invoice it is for, where it is for one. `key`: the payment.
    static func paymentSucceeded(
        customer: CustomerID, amount: Money, method: String, invoice: String?, key: String
    ) -> Notice {
        Notice(.paymentSucceeded, customer, key: key) { json in
            json.amounts(("amount", amount))
            json.field("method", method)
            json.field("invoice", invoice)
        }
    }

    /// A payment was refused. `key`: the payment.
    static func paymentFailed(
        customer: CustomerID, amount: Money, method: String, invoice: String?, reason: String, key: String
    ) -> Notice {
        Notice(.paymentFailed, customer, key: key) { json in
            json.amounts(("amount", amount))
            json.field("method", method)
            json.field("invoice", invoice)
            json.field("reason", said(reason))
        }
    }

    /// A payment that had been booked was taken back by the bank; `reason` is its code. `key`: the payment.
    static func paymentReturned(
        customer: CustomerID, amount: Money, method: String, invoice: String?, reason: String, key: String
    ) -> Notice {
        Notice(.paymentReturned, customer, key: key) { json in
            json.amounts(("amount", amount))
            json.field("method", method)
            json.field("invoice", invoice)
            json.field("reason", said(reason))
        }
    }

    /// A fraud check fired; the customer hears of it where the actions say so (rules F1–F8). `key`: the event that fired it.
    static func fraudAlert(
        customer: CustomerID, check: FraudCheck, value: FraudAlert.Value, firedAt: Instant, actions: [FraudAction],
        key: String
    ) -> Notice {
        let audience: Audience = actions.contains(.notifyCustomer) ? .everybody : .operators
        return Notice(.fraudAlert, customer, key: "\(check.rawValue):\(key)", audience: audience) { json in
            json.field("check", check.rawValue)
            json.field("value", value.text)
            json.field("fired_at", firedAt.text)
            json.field("actions", actions.map(\.rawValue))
        }
    }

    /// An ended call's hold was never captured: its usage record has not come (rule W12). For operators. `key`: the hold.
    static func holdUncaptured(customer: CustomerID, call: String, amount: Money, key: String) -> Notice {
        Notice(.holdUncaptured, customer, key: key, audience: .operators) { json in
            json.field("call", said(call))
            json.amounts(("amount", amount))
        }
    }

    /// Whether a subscription works.
    static func test(key: String) -> Notice {
        Notice(.test, nil, key: key, audience: .operators) { $0.field("message", "This is a test.") }
    }

    private init(
        _ kind: NoticeKind, _ customer: CustomerID?, key: String, audience: Audience = .everybody,
        facts: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter()
        json.object(facts)
        self.init(kind: kind.rawValue, customer: customer?.value.uuid, data: json.text, key: key, audience: audience)
    }
}

extension JSONWriter {
    /// Amounts as the ledger keeps them, with four decimals, and their currency.
    fileprivate mutating func amounts(_ amounts: (name: String, amount: Money)...) {
        field("currency", "USD")
        for (name, amount) in amounts { field(name, amount.text(.ledger)) }
    }
}

/// Words of somebody else, short and without control characters, which no receiver expects and PostgreSQL does not keep.
private func said(_ text: String) -> String {
    String(
        String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
}
