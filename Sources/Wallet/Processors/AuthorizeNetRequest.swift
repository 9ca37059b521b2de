import Core
import Drivers

/// One request to Authorize.Net. Its JSON is checked against an XML schema there: the members stand in the schema's order at every
/// level, or nothing is done (E00003).
struct AuthorizeNetRequest: Sendable {
    /// `createTransactionRequest`
    let name: String
    /// Comes back with the answer; at most 20 characters.
    let reference: String?
    /// Whether it asks only.
    let isLookUp: Bool
    private let write: @Sendable (inout JSONWriter) -> Void

    /// How long an identical transaction is refused, and answered with the first one's id: the longest that there is, eight hours.
    static let duplicateWindowSeconds = 28_800
    static let longestReference = 20
    private static let longestDescription = 255

    private init(
        _ name: String, reference: String? = nil, isLookUp: Bool = false,
        _ write: @escaping @Sendable (inout JSONWriter) -> Void
    ) {
        self.name = name
        self.reference = reference
        self.isLookUp = isLookUp
        self.write = write
    }

    /// Its bytes; the same for the same request.
    func body(for account: AuthorizeNetAccount) -> [UInt8] {
        var body = JSONWriter()
        body.object { body in
            body.key(name)
            body.object { body in
                body.key("merchantAuthentication")
                body.object { body in
                    body.field("name", account.login)
                    body.field("transactionKey", account.transactionKey.revealed)
                }
                if let reference { body.field("refId", reference) }
                write(&body)
            }
        }
        return body.bytes
    }
}

// MARK: Money

extension AuthorizeNetRequest {
    static func charge(_ charge: CardCharge) throws(ProcessorError) -> AuthorizeNetRequest {
        let reference = try checked(reference: charge.reference)
        let amount = try text(of: charge.amount)
        let (customer, card) = (try digits(charge.customerProfile), try digits(charge.paymentProfile))
        let description = String(String.UnicodeScalarView(charge.description.unicodeScalars.prefix(longestDescription)))
        return transaction("authCaptureTransaction", reference) { body in
            body.field("amount", amount)
            body.key("profile")
            body.object { body in
                body.field("customerProfileId", customer)
                body.key("paymentProfile")
                body.object { $0.field("paymentProfileId", card) }
            }
            body.key("order")
            body.object { body in
                body.field("invoiceNumber", reference)
                body.field("description", description)
            }
            writeDuplicateWindow(to: &body)
            body.key("processingOptions")
            body.object { body in
                body.field("isSubsequentAuth", "true")
                body.field("isStoredCredentials", "true")
            }
        }
    }

    static func refund(
        _ transactionID: String, amount: Money, lastFour: String, reference: String
    ) throws(ProcessorError) -> AuthorizeNetRequest {
        let reference = try checked(reference: reference)
        let amount = try text(of: amount)
        let original = try digits(transactionID)
        guard lastFour.utf8.count == 4 else { throw .badRequest("a card is named by its last four digits") }
        let lastFour = try digits(lastFour)
        return transaction("refundTransaction", reference) { body in
            body.field("amount", amount)
            body.key("payment")
            body.object { body in
                body.key("creditCard")
                body.object { body in
                    body.field("cardNumber", lastFour)
                    body.field("expirationDate", "XXXX")
                }
            }
            body.field("refTransId", original)
            body.key("order")
            body.object { $0.field("invoiceNumber", reference) }
            writeDuplicateWindow(to: &body)
        }
    }

    static func void(_ transactionID: String, reference: String) throws(ProcessorError) -> AuthorizeNetRequest {
        let original = try digits(transactionID)
        return transaction("voidTransaction", try checked(reference: reference)) { body in
            body.field("refTransId", original)
        }
    }

    private static func transaction(
        _ type: String, _ reference: String, _ write: @escaping @Sendable (inout JSONWriter) -> Void
    ) -> AuthorizeNetRequest {
        AuthorizeNetRequest("createTransactionRequest", reference: reference) { body in
            body.key("transactionRequest")
            body.object { body in
                body.field("transactionType", type)
                write(&body)
            }
        }
    }

    private static func writeDuplicateWindow(to body: inout JSONWriter) {
        body.key("transactionSettings")
        body.object { body in
            body.key("setting")
            body.array { body in
                body.object { body in
                    body.field("settingName", "duplicateWindow")
                    body.field("settingValue", String(duplicateWindowSeconds))
                }
            }
        }
    }
}

// MARK: Cards

extension AuthorizeNetRequest {
    static func makeCustomerProfile(
        merchantCustomerID: String, email: String?
    ) throws(ProcessorError) -> AuthorizeNetRequest {
        let id = try checked(reference: merchantCustomerID)
        return AuthorizeNetRequest("createCustomerProfileRequest") { body in
            body.key("profile")
            body.object { body in
                body.field("merchantCustomerId", id)
                if let email { body.field("email", email) }
            }
        }
    }

    /// `liveMode`: the card's bank is asked now, not with the first charge.
    static func addCard(
        customerProfile: String, dataDescriptor: String, dataValue: String
    ) throws(ProcessorError) -> AuthorizeNetRequest {
        let customer = try digits(customerProfile)
        return AuthorizeNetRequest("createCustomerPaymentProfileRequest") { body in
            body.field("customerProfileId", customer)
            body.key("paymentProfile")
            body.object { body in
                body.key("payment")
                body.object { body in
                    body.key("opaqueData")
                    body.object { body in
                        body.field("dataDescriptor", dataDescriptor)
                        body.field("dataValue", dataValue)
                    }
                }
                body.field("defaultPaymentProfile", false)
            }
            body.field("validationMode", "liveMode")
        }
    }

    static func card(customerProfile: String, paymentProfile: String) throws(ProcessorError) -> AuthorizeNetRequest {
        let (customer, card) = (try digits(customerProfile), try digits(paymentProfile))
        return AuthorizeNetRequest("getCustomerPaymentProfileRequest", isLookUp: true) { body in
            body.field("customerProfileId", customer)
            body.field("customerPaymentProfileId", card)
            body.field("unmaskExpirationDate", true)
        }
    }

    static func removeCard(
        customerProfile: String, paymentProfile: String
    ) throws(ProcessorError) -> AuthorizeNetRequest {
        let (customer, card) = (try digits(customerProfile), try digits(paymentProfile))
        return AuthorizeNetRequest("deleteCustomerPaymentProfileRequest") { body in
            body.field("customerProfileId", customer)
            body.field("customerPaymentProfileId", card)
        }
    }
}

// MARK: Look-ups

extension AuthorizeNetRequest {
    static func details(_ transactionID: String) throws(ProcessorError) -> AuthorizeNetRequest {
        let id = try digits(transactionID)
        return AuthorizeNetRequest("getTransactionDetailsRequest", isLookUp: true) { $0.field("transId", id) }
    }

    /// One page of a list, the newest first; pages are counted from 1.
    static func page(_ number: Int, of list: AuthorizeNetList) throws(ProcessorError) -> AuthorizeNetRequest {
        switch list {
        case .unsettled:
            return AuthorizeNetRequest("getUnsettledTransactionListRequest", isLookUp: true) { body in
                writePage(number, to: &body)
            }
        case .customer(let profile):
            let profile = try digits(profile)
            return AuthorizeNetRequest("getTransactionListForCustomerRequest", isLookUp: true) { body in
                body.field("customerProfileId", profile)
                writePage(number, to: &body)
            }
        case .batch(let id):
            let id = try digits(id)
            return AuthorizeNetRequest("getTransactionListRequest", isLookUp: true) { body in
                body.field("batchId", id)
                writePage(number, to: &body)
            }
        }
    }

    /// Batches that were settled in a span of time, at most 31 days.
    static func settledBatches(from start: Instant, to end: Instant) -> AuthorizeNetRequest {
        AuthorizeNetRequest("getSettledBatchListRequest", isLookUp: true) { body in
            body.field("firstSettlementDate", start.text)
            body.field("lastSettlementDate", end.text)
        }
    }

    private static func writePage(_ number: Int, to body: inout JSONWriter) {
        body.key("sorting")
        body.object { body in
            body.field("orderBy", "submitTimeUTC")
            body.field("orderDescending", true)
        }
        body.key("paging")
        body.object { body in
            body.field("limit", AuthorizeNetList.pageLength)
            body.field("offset", number)
        }
    }
}

// MARK: What they would refuse

extension AuthorizeNetRequest {
    private static func checked(reference: String) throws(ProcessorError) -> String {
        guard (1...longestReference).contains(reference.unicodeScalars.count) else {
            throw .badRequest("a reference has 1 to \(longestReference) characters")
        }
        return reference
    }

    private static func text(of amount: Money) throws(ProcessorError) -> String {
        guard amount > .zero, amount.isWhole(at: .cents) else {
            throw .badRequest("an amount is in whole cents and more than zero")
        }
        return amount.text(.cents)
    }

    private static func digits(_ id: String) throws(ProcessorError) -> String {
        let isNumeric = id.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumeric, !id.isEmpty else { throw .badRequest("an id there has digits only") }
        return id
    }
}
