import Core

extension AuthorizeNet {
    /// Makes the customer's profile and returns its id. Asked again with the same content, it returns the one that there is.
    /// - Parameter merchantCustomerID: at most 20 characters.
    func makeCustomerProfile(merchantCustomerID: String, email: String?) async throws(ProcessorError) -> String {
        let answer = try await send(try .makeCustomerProfile(merchantCustomerID: merchantCustomerID, email: email))
        if answer.isOk || answer.code == "E00039",
            let id = answer.document["customerProfileId"]?.content ?? answer.existingID
        {
            return id
        }
        throw answer.fault
    }

    /// Stores the card behind a nonce of Accept.js or Accept Hosted, which holds once. A card that the customer has already is
    /// returned as it is.
    func addCard(
        customerProfile: String, dataDescriptor: String, dataValue: String
    ) async throws(ProcessorError) -> StoredCard {
        let answer = try await send(
            try .addCard(customerProfile: customerProfile, dataDescriptor: dataDescriptor, dataValue: dataValue))
        guard answer.isOk || answer.code == "E00039",
            let id = answer.document["customerPaymentProfileId"]?.content ?? answer.existingID
        else { throw answer.fault }
        return try await card(customerProfile: customerProfile, paymentProfile: id)
    }

    /// Forgets a card; one that is not there is forgotten.
    func removeCard(customerProfile: String, paymentProfile: String) async throws(ProcessorError) {
        do throws(ProcessorError) {
            _ = try await ask(try .removeCard(customerProfile: customerProfile, paymentProfile: paymentProfile))
        } catch .refused("E00040", _) {
            return
        }
    }

    private func card(customerProfile: String, paymentProfile: String) async throws(ProcessorError) -> StoredCard {
        let answer = try await ask(try .card(customerProfile: customerProfile, paymentProfile: paymentProfile))
        let card = answer.document["paymentProfile"]?["payment"]?["creditCard"]
        guard let lastFour = card?["cardNumber"]?.lastFour,
            let expiry = card?["expirationDate"]?.string.flatMap({ Self.lastDay(of: $0) })
        else { throw .unreadable("a stored card without its last digits or its expiry") }
        return StoredCard(paymentProfile: paymentProfile, lastFour: lastFour, expiry: expiry)
    }

    /// The last day of `2030-12`.
    private static func lastDay(of month: String) -> UsageDay? {
        guard let first = UsageDay(parsing: "\(month)-01") else { return nil }
        let (year, month, _) = first.civil
        return UsageDay(year: year, month: month, day: UsageDay.length(ofMonth: month, year: year))
    }
}

extension AuthorizeNetAnswer {
    /// The id in `A duplicate record with ID 900000001 already exists.`
    fileprivate var existingID: String? {
        guard code == "E00039" else { return nil }
        return text.firstMatch(of: /\bID ([0-9]+)\b/).map { String($0.1) }
    }
}
