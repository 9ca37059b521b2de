import Core
import Drivers

/// A notice that something happened to a transaction. It is a hint: what it says is confirmed by `AuthorizeNet.details` before any
/// money is booked, and one may come twice, late, or before the answer to the charge.
struct AuthorizeNetWebhook: Sendable, Equatable {
    /// The same in each repeat.
    let notificationID: String
    /// `net.authorize.payment.authcapture.created`
    let eventType: String
    /// Nil where the notice is not about a transaction.
    let transactionID: String?
    /// The attempt's reference.
    let invoiceNumber: String?
    let amount: Money?

    /// Reads a notice whose signature was verified.
    init(parsing body: [UInt8]) throws(ProcessorError) {
        let document: Core.JSONValue
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: body)
        } catch {
            throw .unreadable("the notice is no JSON")
        }
        guard let notificationID = document["notificationId"]?.content, !notificationID.isEmpty,
            let eventType = document["eventType"]?.content, let payload = document["payload"]
        else { throw .unreadable("the notice has no id, type or payload") }
        self.notificationID = notificationID
        self.eventType = eventType
        let isTransaction = payload["entityName"]?.string == "transaction"
        transactionID = isTransaction ? payload["id"]?.content : nil
        invoiceNumber = payload["invoiceNumber"]?.content
        do throws(FixedPoint.ParsingError) {
            amount = try payload["authAmount"]?.content.map { text throws(FixedPoint.ParsingError) in
                try Money(parsing: text)
            }
        } catch {
            throw .unreadable("the notice's amount cannot be read")
        }
    }

    /// Whether the header `X-ANET-Signature: sha512=<hex>` is the HMAC-SHA512 of these very bytes.
    ///
    /// The key has 128 hexadecimal characters. Which of the two is the HMAC's key, its characters or the bytes that they stand for, is
    /// not told, so either is taken; both need the secret.
    static func verify(signature: String?, body: [UInt8], key: Secret) -> Bool {
        let prefix = "sha512="
        guard let signature, signature.lowercased().hasPrefix(prefix), !key.revealed.isEmpty,
            let claimed = Digest.bytes(hex: signature.dropFirst(prefix.count))
        else { return false }
        let characters = Array(key.revealed.utf8)
        let byCharacters = Digest.areEqual(claimed, Digest.hmacSHA512(key: characters, body))
        let bytes = Digest.bytes(hex: key.revealed) ?? characters
        let byBytes = Digest.areEqual(claimed, Digest.hmacSHA512(key: bytes, body))
        return byCharacters || byBytes
    }
}
