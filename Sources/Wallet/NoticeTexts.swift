import Core
import DaemonKit

/// What the wallet's notices say in an e-mail: a template for each kind, filled with the notice's facts.
enum NoticeTexts {
    /// A notification that has no text.
    struct Unwritable: Error, CustomStringConvertible {
        let description: String
    }

    /// The text of a notification.
    static func text(of notification: OutgoingNotification) throws -> NoticeText {
        let customer = notification.customer.map { $0.uuidString.lowercased() }
        let isForOperators = notification.subscription.customer == nil
        return try text(
            kind: notification.kind, customer: customer, isForOperators: isForOperators, data: notification.data,
            at: Instant(milliseconds: notification.at))
    }

    /// The text of a notice by its parts. Operators read what the customer reads, and that it is the customer's.
    static func text(
        kind: String, customer: String?, isForOperators: Bool, data: String, at: Instant
    ) throws -> NoticeText {
        guard let kind = NoticeKind(rawValue: kind) else { throw Unwritable(description: "no text for \(kind)") }
        let facts = try NoticeFacts(data: data)
        let template = template(of: kind)
        let speaksToCustomer = customer != nil && kind != .holdUncaptured
        let head = isForOperators && speaksToCustomer ? "To operators: this is about a customer, who is told:\n\n" : ""
        let account = customer.map { "Account: \($0)\n" } ?? ""
        let time = at.text.prefix(16).replacing("T", with: " ")
        return NoticeText(
            subject: try facts.filling(template.subject),
            body: """
                \(head)\(try facts.filling(template.body))

                \(account)Time: \(time) UTC

                You receive this because this address is subscribed to notifications.

                """)
    }

    private static func template(of kind: NoticeKind) -> (subject: String, body: String) {
        switch kind {
        case .balanceLow:
            (
                "Low balance: {balance}",
                """
                Your balance is {balance}. That is {percent}% or less of what it was after your last payment.

                Please add funds soon. When the balance is used up, new calls are refused.
                """
            )
        case .walletSuspended:
            (
                "Service suspended",
                """
                Your service is suspended: {cause_text}. New calls are refused. Your balance is {balance}.

                {cause_advice}
                """
            )
        case .walletResumed:
            (
                "Service resumed",
                """
                Your service is available again. Your balance is {balance}.

                You need not do anything.
                """
            )
        case .rechargeSucceeded:
            (
                "Recharge of {amount}",
                """
                Your {recharge} of {amount} succeeded. Your balance is now {balance}.

                You need not do anything.
                """
            )
        case .rechargeFailed:
            (
                "Recharge of {amount} failed",
                """
                Your {recharge} of {amount} failed: {reason}. Your balance was not changed.

                Please check your payment method, or pay in another way.
                """
            )
        case .autoRechargeDisabled:
            (
                "Automatic recharge is off",
                """
                Automatic recharge was turned off after {failures} failures in a row.

                Please check your payment method and turn automatic recharge on again. Until then, please watch your balance.
                """
            )
        case .paymentSucceeded:
            (
                "Payment of {amount} received",
                """
                We received your payment of {amount} by {method_text}{for_invoice}. Thank you.

                You need not do anything.
                """
            )
        case .paymentFailed:
            (
                "Payment of {amount} failed",
                """
                Your payment of {amount} by {method_text}{for_invoice} failed: {reason}.

                Please check your payment method, or pay in another way.
                """
            )
        case .paymentReturned:
            (
                "Payment of {amount} returned",
                """
                Your bank returned your payment of {amount} by {method_text}{for_invoice}: {reason}. The amount is owed again.

                Please pay in another way, or ask your bank why it was returned.
                """
            )
        case .fraudAlert:
            (
                "Unusual use of your service",
                """
                We noticed unusual use: {check_text} ({check}: {value}).{action_text}

                If you do not know why, please change your passwords, check your equipment, and contact us.
                """
            )
        case .holdUncaptured:
            (
                "No usage record for a call",
                """
                The call {call} ended, and its usage record has not come. Its hold of {amount} was released.

                Check that the switch sends its records, and whether this one was rejected or is parked.
                """
            )
        case .test: ("Test notification", "{message} Notifications reach this address.\n\nYou need not do anything.")
        }
    }
}

/// The facts of a notice as its text shows them.
private struct NoticeFacts {
    private var values: [String: String] = [:]

    init(data: String) throws {
        let document = try JSONValue(parsing: data)
        for field in document.fields ?? [] {
            switch field.value {
            case .string(let text): values[field.name] = text
            case .number(let digits): values[field.name] = digits
            case .null, .bool, .array, .object: break
            }
        }
        for name in ["amount", "balance"] {
            guard let text = values[name] else { continue }
            // What is shown is never more than there is.
            let amount = try Money(parsing: text).roundedDown(to: .cents).text(.cents)
            values[name] = "\(amount) \(values["currency"] ?? "USD")"
        }
        values["recharge"] = document["automatic"]?.bool == true ? "automatic recharge" : "recharge"
        values["for_invoice"] = values["invoice"].map { " for invoice \($0)" } ?? ""
        values["method_text"] = values["method"].map(NoticeFacts.name(ofMethod:))
        if let cause = values["cause"].flatMap(SuspensionCause.init) {
            (values["cause_text"], values["cause_advice"]) = NoticeFacts.words(of: cause)
        }
        values["check_text"] = values["check"].flatMap(FraudCheck.init).map(NoticeFacts.words)
        let actions = (document["actions"]?.elements ?? []).compactMap(\.string)
        values["action_text"] =
            actions.contains(FraudAction.suspendService.rawValue) ? " Your service was suspended to protect you." : ""
    }

    /// The template with its places in braces filled.
    func filling(_ template: String) throws -> String {
        var filled = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = String(rest[rest.index(after: open)..<close])
            guard let value = values[name] else {
                throw NoticeTexts.Unwritable(description: "the notice lacks \(name)")
            }
            filled += rest[..<open] + value
            rest = rest[rest.index(after: close)...]
        }
        return filled + rest
    }

    private static func name(ofMethod method: String) -> String {
        switch method {
        case "ach": "bank account (ACH)"
        case "wire": "wire transfer"
        default: method
        }
    }

    private static func words(of cause: SuspensionCause) -> (text: String, advice: String) {
        switch cause {
        case .overLimit: ("its credit is used up", "Please add funds: service resumes by itself.")
        case .fraudControl:
            ("our fraud control found unusual use", "Please contact us; a payment does not end this suspension.")
        case .operator: ("by our staff", "Please contact us; a payment does not end this suspension.")
        }
    }

    private static func words(of check: FraudCheck) -> String {
        switch check {
        case .callsPerMinute: "many calls were started within a minute"
        case .unusualDestination: "calls went to an unusual country"
        case .spendPerHour: "much was spent within an hour"
        case .internationalMinutes: "many international minutes were used within a day"
        case .rapidBalanceDepletion: "a large part of the balance was used within minutes"
        case .multiplePaymentFailures: "several payments failed within a day"
        }
    }
}
