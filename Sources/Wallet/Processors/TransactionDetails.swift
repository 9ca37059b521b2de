import Core

/// What a transaction must be, to be the one that we sent.
struct ExpectedTransaction: Sendable {
    let type: TransactionDetails.Kind
    let reference: String
    let amount: Money

    init(type: TransactionDetails.Kind, reference: String, amount: Money) {
        self.type = type
        self.reference = reference
        self.amount = amount
    }

    init(_ charge: CardCharge) {
        self.init(type: .charge, reference: charge.reference, amount: charge.amount)
    }
}

/// A transaction as Authorize.Net has it now (`getTransactionDetails`): what confirms a duplicate, a webhook, a hold.
struct TransactionDetails: Sendable, Equatable {
    enum Kind: String, Sendable {
        case charge = "authCaptureTransaction"
        case refund = "refundTransaction"
    }

    /// What the status means for the money.
    enum State: Sendable, Equatable {
        case paid
        /// Held for review, or not captured yet.
        case pending
        /// Nothing was or will be charged: declined, voided, expired, failed.
        case over
        /// A status that we don't know, or one that a person must look at.
        case unclear
    }

    let id: String
    /// Nil for a type that we don't send.
    let kind: Kind?
    /// As they write it: `capturedPendingSettlement`.
    let status: String
    let state: State
    let isSettled: Bool
    /// 1 approved, 2 declined, 3 error, 4 held for review.
    let responseCode: Int
    /// Why it was declined.
    let reasonCode: String
    let reasonText: String
    /// What was authorised.
    let amount: Money
    let invoiceNumber: String?
    let payment: ProcessorPayment

    init(_ answer: AuthorizeNetAnswer) throws(ProcessorError) {
        guard let transaction = answer.document["transaction"], let id = transaction["transId"]?.content,
            let status = transaction["transactionStatus"]?.content,
            let responseCode = transaction["responseCode"]?.content.flatMap({ Int($0) }),
            let amount = transaction["authAmount"]?.content
        else { throw .unreadable("the answer lacks what a transaction has") }
        do throws(FixedPoint.ParsingError) {
            self.amount = try Money(parsing: amount)
        } catch {
            throw .unreadable("the amount cannot be read")
        }
        self.id = id
        self.status = status
        self.responseCode = responseCode
        kind = transaction["transactionType"]?.content.flatMap { Kind(rawValue: $0) }
        state = Self.state(of: status)
        isSettled = status == "settledSuccessfully" || status == "refundSettledSuccessfully"
        reasonCode = transaction["responseReasonCode"]?.content ?? String(responseCode)
        reasonText = transaction["responseReasonDescription"]?.content ?? ""
        invoiceNumber = transaction["order"]?["invoiceNumber"]?.content
        payment = ProcessorPayment(
            id: id, lastFour: transaction["payment"]?["creditCard"]?["cardNumber"]?.lastFour,
            authCode: transaction["authCode"]?.content.flatMap { $0.isEmpty ? nil : $0 })
    }

    private static func state(of status: String) -> State {
        switch status {
        case "capturedPendingSettlement", "settledSuccessfully", "refundPendingSettlement",
            "refundSettledSuccessfully":
            .paid
        case "FDSPendingReview", "FDSAuthorizedPendingReview", "underReview", "approvedReview",
            "authorizedPendingCapture", "authorizedPendingRelease":
            .pending
        case "declined", "voided", "expired", "failedReview", "communicationError", "generalError": .over
        default: .unclear
        }
    }

    /// What it says of a charge or a refund that we sent.
    func answer(expecting expected: ExpectedTransaction) -> ChargeAnswer {
        guard kind == expected.type, invoiceNumber == expected.reference else {
            return ChargeAnswer(.unreadable("transaction \(id) is not what was sent as \(expected.reference)"))
        }
        switch state {
        case .over:
            // A void leaves the approval's own reason behind.
            return .declined(code: responseCode == 1 ? status : reasonCode, text: reasonText)
        case .paid, .pending:
            guard amount == expected.amount else {
                return ChargeAnswer(.unreadable("transaction \(id) has another amount"))
            }
            return state == .paid ? .paid(payment) : .pending(payment)
        case .unclear: return ChargeAnswer(.unreadable("transaction \(id) is \(status)"))
        }
    }
}
