import Core

/// What came of a request: members of the answer, and what a webhook will tell.
struct AuthorizeNetResult: Sendable {
    var members: JSONObject = [:]
    var isOk = true
    var code = "I00001"
    var text = "Successful."
    /// The event's type and its transaction.
    var event: (type: String, transaction: AuthorizeNetTransaction)?

    /// `No records found.`
    static let nothing = AuthorizeNetResult(code: "I00004", text: "No records found.")

    /// A transaction with an error (`responseCode` 3), which no list keeps.
    static func error(
        _ reason: Int, _ text: String, original: AuthorizeNetTransaction? = nil
    ) -> AuthorizeNetResult {
        AuthorizeNetResult(
            members: [
                "transactionResponse": .object([
                    "responseCode": .string("3"), "authCode": .string(original?.authCode ?? ""),
                    "transId": .string(original?.id ?? "0"), "refTransID": .string(""),
                    "accountNumber": .string(original.map { "XXXX\($0.lastFour)" } ?? ""),
                    "errors": .array([
                        .object(["errorCode": .string(String(reason)), "errorText": .string(text)])
                    ]),
                ])
            ], isOk: false, code: "E00027", text: "The transaction was unsuccessful.")
    }
}

extension AuthorizeNetBook {
    /// `createTransactionRequest`.
    func createTransaction(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        switch request["transactionType"]?.scalarText {
        case "authCaptureTransaction": return try charge(request)
        case "refundTransaction": return try refund(request)
        case "voidTransaction": return void(request)
        default: throw .invalid("transactionType")
        }
    }

    /// A charge of a stored card: card numbers never reach us, so they are refused here.
    private func charge(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        guard request["payment"] == nil else { throw .invalid("payment: only stored cards are charged; it") }
        let customer = request["profile"]?["customerProfileId"]?.scalarText ?? ""
        let cardID = request["profile"]?["paymentProfile"]?["paymentProfileId"]?.scalarText ?? ""
        guard let card = cards[cardID], card.customer == customer else { throw .absent }
        guard let amount = Self.amount(of: request) else { return .error(5, "A valid amount is required.") }
        let sameness = Self.sameness(of: request, amount: amount)
        if let repeated = duplicate(sameness, request) { return repeated }

        var verdict = card.verdict
        if declinesToCome > 0 {
            declinesToCome -= 1
            verdict = .declined(reason: 2, text: "This transaction has been declined.")
        }
        let status: AuthorizeNetTransaction.Status =
            switch verdict {
            case .approved: .captured
            case .held: .held
            case .declined: .declined
            }
        let transaction = AuthorizeNetTransaction(
            id: nextTransactionID(), kind: .charge, amount: amount, customerProfile: customer, paymentProfile: cardID,
            lastFour: card.lastFour, invoiceNumber: request["order"]?["invoiceNumber"]?.scalarText,
            description: request["order"]?["description"]?.scalarText, original: nil, submitted: now,
            authCode: status == .declined ? "" : Self.authCode(transactions.count), verdict: verdict,
            sameness: sameness, status: status)
        transactions.append(transaction)
        return answer(to: transaction)
    }

    /// Which event follows, and how a decline is told: with `Ok` for the general one, with an error for the others. Both occur.
    private func answer(to transaction: AuthorizeNetTransaction) -> AuthorizeNetResult {
        var result = AuthorizeNetResult(members: ["transactionResponse": .object(transaction.response())])
        switch transaction.verdict {
        case .approved:
            let subject = transaction.kind == .charge ? "authcapture" : "refund"
            result.event = ("net.authorize.payment.\(subject).created", transaction)
        case .held: result.event = ("net.authorize.payment.fraud.held", transaction)
        case .declined(let reason, _) where reason != 2:
            result.isOk = false
            result.code = "E00027"
            result.text = "The transaction was unsuccessful."
        case .declined: break
        }
        return result
    }

    /// A refund of a settled charge, to the same card, of no more than is left of it.
    private func refund(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        let card = request["payment"]?["creditCard"]
        guard let lastFour = card?["cardNumber"]?.scalarText, lastFour.utf8.count == 4,
            card?["expirationDate"]?.scalarText == "XXXX"
        else { throw .invalid("creditCard: four digits and XXXX name the card; it") }
        guard let amount = Self.amount(of: request) else { return .error(5, "A valid amount is required.") }
        guard let index = index(of: request["refTransId"]?.scalarText) else {
            return .error(16, "The transaction cannot be found.")
        }
        let sameness = Self.sameness(of: request, amount: amount)
        if let repeated = duplicate(sameness, request) { return repeated }
        let original = transactions[index]
        guard original.kind == .charge, original.status == .settled, original.lastFour == lastFour else {
            return .error(54, "The referenced transaction does not meet the criteria for issuing a credit.")
        }
        let refunded = transactions.filter { $0.original == original.id }.reduce(0) { $0 + $1.amount }
        guard refunded + amount <= original.amount else {
            return .error(
                55, "The sum of credits against the referenced transaction would exceed the original debit amount.")
        }
        let transaction = AuthorizeNetTransaction(
            id: nextTransactionID(), kind: .refund, amount: amount, customerProfile: original.customerProfile,
            paymentProfile: original.paymentProfile, lastFour: lastFour,
            invoiceNumber: request["order"]?["invoiceNumber"]?.scalarText, description: nil, original: original.id,
            submitted: now, authCode: "", verdict: .approved, sameness: sameness, status: .refundPending)
        transactions.append(transaction)
        return answer(to: transaction)
    }

    /// A void makes no transaction: it changes one that is not settled. Twice is the same as once.
    private func void(_ request: JSONValue) -> AuthorizeNetResult {
        guard let index = index(of: request["refTransId"]?.scalarText), transactions[index].batch == nil else {
            return .error(16, "The transaction cannot be found.")
        }
        switch transactions[index].status {
        case .captured, .held, .refundPending:
            transactions[index].status = .voided
            let voided = transactions[index]
            return AuthorizeNetResult(
                members: ["transactionResponse": .object(voided.voidResponse((1, voided.verdict.text)))],
                event: ("net.authorize.payment.void.created", voided))
        case .voided:
            let response = transactions[index].voidResponse((310, "This transaction has already been voided."))
            return AuthorizeNetResult(members: ["transactionResponse": .object(response)])
        case .declined, .settled, .refunded: return .error(16, "The transaction cannot be found.")
        }
    }

    // MARK: Duplicates

    /// Error 11 where the same was submitted within the window that this request sets; with the first one's ids, unless it sets none.
    private func duplicate(_ sameness: String, _ request: JSONValue) -> AuthorizeNetResult? {
        let settings = request["transactionSettings"]?["setting"]
        let window = (settings?.elements ?? settings.map { [$0] } ?? [])
            .first { $0["settingName"]?.scalarText == "duplicateWindow" }?["settingValue"]?.scalarText
            .flatMap { Int($0) }
        let earliest = now.advanced(seconds: -min(window ?? 120, 28_800))
        guard let first = transactions.last(where: { $0.sameness == sameness && $0.submitted > earliest }) else {
            return nil
        }
        return .error(11, "A duplicate transaction has been submitted.", original: window == nil ? nil : first)
    }

    /// What is compared.
    private static func sameness(of request: JSONValue, amount: Int64) -> String {
        [
            request["transactionType"]?.scalarText, String(amount),
            request["profile"]?["customerProfileId"]?.scalarText,
            request["profile"]?["paymentProfile"]?["paymentProfileId"]?.scalarText,
            request["payment"]?["creditCard"]?["cardNumber"]?.scalarText, request["refTransId"]?.scalarText,
            request["order"]?["invoiceNumber"]?.scalarText, request["poNumber"]?.scalarText,
            request["customer"]?["id"]?.scalarText,
        ].map { $0 ?? "" }.joined(separator: "|")
    }

    /// Cents, more than none.
    private static func amount(of request: JSONValue) -> Int64? {
        request["amount"]?.scalarText.flatMap { Cents.parse($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Six characters, as `A00001`.
    private static func authCode(_ number: Int) -> String {
        let digits = String(number + 1)
        return "A" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}

extension AuthorizeNetTransaction {
    /// The answer to a void, which is approved whatever the charge's own verdict was.
    fileprivate func voidResponse(_ message: (code: Int, text: String)) -> JSONObject {
        var answer = response(message)
        answer["responseCode"] = .string("1")
        return answer
    }
}
