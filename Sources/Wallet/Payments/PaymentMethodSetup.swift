import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// A way of paying that a browser has got tokens for.
struct PaymentMethodBody: Decodable {
    let type: String
    let dataDescriptor: String?
    let dataValue: String?
    let publicToken: String?
    let accountID: String?
    let holder: String?
    let isDefault: Bool?
    let customerID: UUID?

    enum CodingKeys: String, CodingKey {
        case type, holder
        case dataDescriptor = "data_descriptor"
        case dataValue = "data_value"
        case publicToken = "public_token"
        case accountID = "account_id"
        case isDefault = "is_default"
        case customerID = "customer_id"
    }
}

/// Turns a browser's tokens into what can be charged again: a card's payment profile, or a bank's sealed access token.
struct PaymentMethodSetup: Sendable {
    let desk: PaymentDesk

    func make(
        _ id: Identifier128, _ wish: PaymentMethodBody, _ customer: CustomerID
    ) async throws -> PaymentMethod {
        switch wish.type {
        case "card": try await card(id, wish, customer)
        case "ach": try await bank(id, wish, customer)
        default: throw APIError.invalid(pointer: "/type", reason: "BAD_TYPE", detail: "type is card or ach")
        }
    }

    private func card(
        _ id: Identifier128, _ wish: PaymentMethodBody, _ customer: CustomerID
    ) async throws -> PaymentMethod {
        guard let cards = desk.cards else { throw APIError(.notImplemented, reason: "processor-not-configured") }
        let descriptor = try Self.required(wish.dataDescriptor, "data_descriptor")
        let value = try Self.required(wish.dataValue, "data_value")
        let profile = try await profile(of: customer, at: cards)
        let card = try await refusal {
            try await cards.addCard(customerProfile: profile, dataDescriptor: descriptor, dataValue: value)
        }
        return PaymentMethod(
            id: id, customer: customer, type: .card, isDefault: wish.isDefault ?? false, lastFour: card.lastFour,
            expiry: card.expiry, holder: wish.holder, account: profile, token: card.paymentProfile,
            createdAt: desk.now())
    }

    /// The customer's profile at Authorize.Net, made with the first card. Its name there has 20 characters at most.
    private func profile(of customer: CustomerID, at cards: AuthorizeNet) async throws -> String {
        if let known = try await desk.methods.profile(of: customer) { return known }
        let name = String(customer.text.replacing("-", with: "").suffix(20))
        let made = try await cards.makeCustomerProfile(merchantCustomerID: name, email: nil)
        return try await desk.methods.keep(profile: made, of: customer, at: desk.now())
    }

    private func bank(
        _ id: Identifier128, _ wish: PaymentMethodBody, _ customer: CustomerID
    ) async throws -> PaymentMethod {
        guard let banks = desk.banks, let vault = desk.vault else {
            throw APIError(.notImplemented, reason: "processor-not-configured")
        }
        let token = try Self.required(wish.publicToken, "public_token")
        let account = try Self.required(wish.accountID, "account_id")
        let holder = try Self.required(wish.holder, "holder")
        let access = try await refusal { try await banks.exchange(publicToken: token).accessToken }
        let found = try await refusal { try await banks.accounts(accessToken: access) }.first { $0.id == account }
        guard let found else {
            throw APIError.invalid(
                pointer: "/account_id", reason: "BAD_ID",
                detail: "the bank has no checking or savings account of that id")
        }
        return PaymentMethod(
            id: id, customer: customer, type: .ach, isDefault: wish.isDefault ?? false, lastFour: found.mask,
            expiry: nil, holder: holder, account: account, token: vault.seal(access, for: id.text),
            createdAt: desk.now())
    }

    /// What a processor refuses is the caller's to mend.
    private func refusal<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch ProcessorError.refused(let code, let text) {
            throw APIError(.unprocessableContent, reason: "PROCESSOR_REFUSED", detail: "\(code) \(text)")
        }
    }

    private static func required(_ text: String?, _ name: String) throws(APIError) -> String {
        guard let text, !text.isEmpty else { throw .invalid(pointer: "/\(name)", reason: "MISSING_FIELD") }
        return text
    }
}
