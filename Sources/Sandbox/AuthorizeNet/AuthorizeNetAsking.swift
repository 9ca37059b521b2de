import Core

/// The requests that concern profiles, and those that look only.
extension AuthorizeNetBook {
    func perform(_ name: String, _ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        switch name {
        case "createTransactionRequest":
            guard let transaction = request["transactionRequest"] else { throw .invalid("transactionRequest") }
            return try createTransaction(transaction)
        case "createCustomerProfileRequest": return try createCustomer(request["profile"])
        case "createCustomerPaymentProfileRequest": return try createCard(request)
        case "getCustomerPaymentProfileRequest": return try card(request)
        case "deleteCustomerPaymentProfileRequest": return try deleteCard(request)
        case "getTransactionDetailsRequest":
            guard let index = index(of: request["transId"]?.scalarText) else { throw .absent }
            return AuthorizeNetResult(members: ["transaction": transactions[index].details])
        case "getUnsettledTransactionListRequest":
            return list(transactions.filter { $0.batch == nil }, request)
        case "getTransactionListForCustomerRequest":
            guard let id = request["customerProfileId"]?.scalarText, customers[id] != nil else { throw .absent }
            return list(transactions.filter { $0.customerProfile == id }, request)
        case "getTransactionListRequest":
            guard let id = request["batchId"]?.scalarText, batches.contains(where: { $0.id == id }) else {
                throw .absent
            }
            return list(transactions.filter { $0.batch == id }, request)
        case "getSettledBatchListRequest": return try settledBatches(request)
        default: return AuthorizeNetResult()
        }
    }

    // MARK: Profiles

    private func createCustomer(_ profile: JSONValue?) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        let new = CustomerProfile(
            merchantCustomerID: profile?["merchantCustomerId"]?.scalarText, email: profile?["email"]?.scalarText,
            description: profile?["description"]?.scalarText)
        guard new != CustomerProfile(merchantCustomerID: nil, email: nil, description: nil) else {
            throw AuthorizeNetFault(code: "E00041", text: "One or more fields in the profile must contain a value.")
        }
        if let existing = customers.first(where: { $0.value == new })?.key { throw .duplicate(existing, [:]) }
        let id = nextCustomerID()
        customers[id] = new
        return AuthorizeNetResult(members: [
            "customerProfileId": .string(id), "customerPaymentProfileIdList": .array([]),
            "customerShippingAddressIdList": .array([]), "validationDirectResponseList": .array([]),
        ])
    }

    /// Stores the card that a nonce stands for; its last four characters are the card's last four digits. A nonce holds once.
    private func createCard(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        guard let customer = request["customerProfileId"]?.scalarText, customers[customer] != nil else { throw .absent }
        let payment = request["paymentProfile"]?["payment"]
        guard payment?["creditCard"] == nil, payment?["bankAccount"] == nil else {
            throw .invalid("payment: only nonces are taken; it")
        }
        guard payment?["opaqueData"]?["dataDescriptor"]?.scalarText == "COMMON.ACCEPT.INAPP.PAYMENT",
            let nonce = payment?["opaqueData"]?["dataValue"]?.scalarText
        else { throw .invalid("opaqueData") }
        let lastFour = String(nonce.suffix(4))
        guard lastFour.utf8.count == 4, Int(lastFour) != nil, spentNonces.insert(nonce).inserted else {
            throw AuthorizeNetFault(code: "E00114", text: "Invalid OTS Token.")
        }
        if let existing = cards.first(where: { $0.value.customer == customer && $0.value.lastFour == lastFour })?.key {
            throw .duplicate(
                existing, ["customerProfileId": .string(customer), "customerPaymentProfileId": .string(existing)])
        }
        if lastFour == "0027", request["validationMode"]?.scalarText == "liveMode" {
            throw AuthorizeNetFault(code: "E00027", text: "The transaction has been declined.")
        }
        let id = nextCardID()
        cards[id] = Card(customer: customer, lastFour: lastFour)
        return AuthorizeNetResult(members: [
            "customerProfileId": .string(customer), "customerPaymentProfileId": .string(id),
            "validationDirectResponse": .string(""),
        ])
    }

    private func card(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        let (id, card) = try existingCard(request)
        let isUnmasked = request["unmaskExpirationDate"]?.scalarText == "true"
        return AuthorizeNetResult(members: [
            "paymentProfile": .object([
                "customerProfileId": .string(card.customer), "customerPaymentProfileId": .string(id),
                "payment": .object([
                    "creditCard": .object([
                        "cardNumber": .string("XXXX\(card.lastFour)"),
                        "expirationDate": .string(isUnmasked ? Card.expiry : "XXXX"), "cardType": .string("Visa"),
                    ])
                ]),
            ])
        ])
    }

    private func deleteCard(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        cards[try existingCard(request).id] = nil
        return AuthorizeNetResult()
    }

    private func existingCard(_ request: JSONValue) throws(AuthorizeNetFault) -> (id: String, card: Card) {
        guard let id = request["customerPaymentProfileId"]?.scalarText, let card = cards[id],
            card.customer == request["customerProfileId"]?.scalarText
        else { throw .absent }
        return (id, card)
    }

    // MARK: Lists

    /// One page of transactions; pages are counted from 1.
    private func list(_ found: [AuthorizeNetTransaction], _ request: JSONValue) -> AuthorizeNetResult {
        func number(_ name: String) -> Int? { request["paging"]?[name]?.scalarText.flatMap { Int($0) } }
        let limit = number("limit") ?? 1_000
        let isDescending = request["sorting"]?["orderDescending"]?.scalarText == "true"
        let sorted = isDescending ? found.reversed() : found
        let page = sorted.dropFirst(((number("offset") ?? 1) - 1) * limit).prefix(limit)
        guard !page.isEmpty else { return .nothing }
        return AuthorizeNetResult(members: [
            "transactions": .array(page.map(\.summary)), "totalNumInResultSet": .number(String(found.count)),
        ])
    }

    /// Batches settled between two instants, at most 31 days apart; of the last day where none are given.
    private func settledBatches(_ request: JSONValue) throws(AuthorizeNetFault) -> AuthorizeNetResult {
        func instant(_ name: String) throws(AuthorizeNetFault) -> Instant? {
            guard let text = request[name]?.scalarText else { return nil }
            guard let instant = Instant(parsing: text) else { throw .invalid(name) }
            return instant
        }
        let last = try instant("lastSettlementDate") ?? now
        let first = try instant("firstSettlementDate") ?? last.advanced(seconds: -86_400)
        guard last >= first, last - first <= 31 * 86_400_000 else { throw .invalid("firstSettlementDate") }
        let found = batches.filter { (first...last).contains($0.settled) }
        guard !found.isEmpty else { return .nothing }
        return AuthorizeNetResult(members: [
            "batchList": .array(
                found.map { batch in
                    .object([
                        "batchId": .string(batch.id), "settlementTimeUTC": .string(batch.settled.text),
                        "settlementState": .string("settledSuccessfully"), "paymentMethod": .string("creditCard"),
                    ])
                })
        ])
    }
}
