import Core

/// One transaction of the stood-in account.
struct AuthorizeNetTransaction: Sendable {
    enum Kind: String, Sendable {
        case charge = "authCaptureTransaction"
        case refund = "refundTransaction"
    }

    enum Status: String, Sendable {
        case captured = "capturedPendingSettlement"
        case settled = "settledSuccessfully"
        case held = "FDSPendingReview"
        case declined
        case voided
        case refundPending = "refundPendingSettlement"
        case refunded = "refundSettledSuccessfully"
    }

    let id: String
    let kind: Kind
    /// Cents.
    let amount: Int64
    let customerProfile: String
    let paymentProfile: String
    let lastFour: String
    let invoiceNumber: String?
    let description: String?
    /// Of a refund: the charge.
    let original: String?
    let submitted: Instant
    let authCode: String
    let verdict: Verdict
    /// What another transaction has in common that is the same again.
    let sameness: String
    var status: Status
    /// The batch that it was settled in.
    var batch: String?

    /// What the card's bank, or the fraud filter, said.
    enum Verdict: Sendable {
        case approved
        case declined(reason: Int, text: String)
        case held

        /// `responseCode`.
        var code: Int {
            switch self {
            case .approved: 1
            case .declined: 2
            case .held: 4
            }
        }

        var reason: Int {
            switch self {
            case .approved: 1
            case .declined(let reason, _): reason
            case .held: 253
            }
        }

        var text: String {
            switch self {
            case .approved: "This transaction has been approved."
            case .declined(_, let text): text
            case .held: "Your order has been received. Thank you for your business!"
            }
        }
    }

    private var profile: JSONValue {
        .object(["customerProfileId": .string(customerProfile), "customerPaymentProfileId": .string(paymentProfile)])
    }

    /// Cents that are, or are to be, settled.
    private var settleAmount: Int64 {
        switch status {
        case .captured, .settled, .held, .refundPending, .refunded: amount
        case .declined, .voided: 0
        }
    }

    /// `transactionResponse`: the answer to the request that made it, or that changed it.
    func response(_ message: (code: Int, text: String)? = nil) -> JSONObject {
        var response: JSONObject = [
            "responseCode": .string(String(verdict.code)), "authCode": .string(authCode),
            "avsResultCode": .string("Y"), "transId": .string(id), "refTransID": .string(original ?? ""),
            "testRequest": .string("0"), "accountNumber": .string("XXXX\(lastFour)"), "accountType": .string("Visa"),
        ]
        let (code, text) = message ?? (verdict.reason, verdict.text)
        if case .declined = verdict {
            response["errors"] = .array([
                .object(["errorCode": .string(String(code)), "errorText": .string(text)])
            ])
        } else {
            response["messages"] = .array([
                .object(["code": .string(String(code)), "description": .string(text)])
            ])
        }
        return response
    }

    /// As it stands in a list.
    var summary: JSONValue {
        .object([
            "transId": .string(id), "submitTimeUTC": .string(submitted.text),
            "submitTimeLocal": .string(submitted.text),
            "transactionStatus": .string(status.rawValue), "invoiceNumber": .string(invoiceNumber ?? ""),
            "accountType": .string("Visa"), "accountNumber": .string("XXXX\(lastFour)"),
            "settleAmount": .number(Cents.text(settleAmount)), "marketType": .string("eCommerce"),
            "product": .string("Card Not Present"), "profile": profile,
        ])
    }

    /// As `getTransactionDetails` has it.
    var details: JSONValue {
        var details: JSONObject = ["transId": .string(id)]
        if let original { details["refTransId"] = .string(original) }
        details["submitTimeUTC"] = .string(submitted.text)
        details["submitTimeLocal"] = .string(submitted.text)
        details["transactionType"] = .string(kind.rawValue)
        details["transactionStatus"] = .string(status.rawValue)
        details["responseCode"] = .number(String(verdict.code))
        details["responseReasonCode"] = .number(String(verdict.reason))
        details["responseReasonDescription"] = .string(verdict.text)
        details["authCode"] = .string(authCode)
        if let batch { details["batch"] = .object(["batchId": .string(batch)]) }
        var order: JSONObject = [:]
        if let invoiceNumber { order["invoiceNumber"] = .string(invoiceNumber) }
        if let description { order["description"] = .string(description) }
        if !order.members.isEmpty { details["order"] = .object(order) }
        details["requestedAmount"] = .number(Cents.text(amount))
        details["authAmount"] = .number(Cents.text(amount))
        details["settleAmount"] = .number(Cents.text(settleAmount))
        details["payment"] = .object([
            "creditCard": .object([
                "cardNumber": .string("XXXX\(lastFour)"), "expirationDate": .string("XXXX"),
                "cardType": .string("Visa"),
            ])
        ])
        details["profile"] = profile
        return .object(details)
    }

    /// As a control shows it to a test.
    var control: JSONValue {
        .object([
            "transId": .string(id), "type": .string(kind.rawValue), "status": .string(status.rawValue),
            "amount": .string(Cents.text(amount)), "invoiceNumber": .string(invoiceNumber ?? ""),
            "customerProfileId": .string(customerProfile), "customerPaymentProfileId": .string(paymentProfile),
            "refTransId": .string(original ?? ""),
        ])
    }
}
