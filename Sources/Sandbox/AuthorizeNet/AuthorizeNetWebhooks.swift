import Core
import Drivers
import Foundation

/// Notices of what happened, to the address that a test or the demo gave: signed, after the answer or before it, once or more.
actor AuthorizeNetWebhooks {
    struct Settings: Sendable {
        let url: String
        /// 128 hexadecimal characters, whose ASCII is the HMAC's key.
        let key: Secret
        /// How often each notice is sent.
        let copies: Int
        /// Whether it is sent before the request that caused it is answered.
        let isBeforeAnswer: Bool
    }

    private struct Notice: Sendable {
        let id: String
        let type: String
        let body: [UInt8]
    }

    private var settings: Settings?
    private var pending: [Notice] = []
    /// What was sent: id, type, and the status that came back, or 0.
    private var sent: [(id: String, type: String, status: Int)] = []
    private let client = HTTPClient()

    func set(_ settings: Settings?) {
        self.settings = settings
    }

    /// What a request caused; sent at once where notices come before answers.
    func add(_ type: String, _ transaction: AuthorizeNetTransaction) async {
        guard let settings else { return }
        pending.append(Self.notice(type, transaction))
        if settings.isBeforeAnswer { await deliver() }
    }

    /// Sends what is pending, in order. A notice that nobody took is not sent again.
    func deliver() async {
        while let settings, !pending.isEmpty {
            let notice = pending.removeFirst()
            let signature = Digest.hex(Digest.hmacSHA512(key: Array(settings.key.revealed.utf8), notice.body))
            let request = HTTPClientRequest(
                .post, settings.url,
                headers: [
                    HTTPField("Content-Type", "application/json"),
                    HTTPField("X-ANET-Signature", "sha512=\(signature.uppercased())"),
                ],
                body: notice.body, connectTimeout: .seconds(5), totalTimeout: .seconds(5))
            for _ in 0..<settings.copies {
                let status: Int
                do throws(HTTPClientError) {
                    status = try await client.send(request).status
                } catch {
                    status = 0
                }
                sent.append((notice.id, notice.type, status))
            }
        }
    }

    /// What was sent, as a control shows it.
    var log: JSONValue {
        .array(
            sent.map { notice in
                .object([
                    "notificationId": .string(notice.id), "eventType": .string(notice.type),
                    "status": .number(String(notice.status)),
                ])
            })
    }

    private static func notice(_ type: String, _ transaction: AuthorizeNetTransaction) -> Notice {
        let id = UUID().uuidString.lowercased()
        let body = JSONValue.object([
            "notificationId": .string(id), "eventType": .string(type),
            "eventDate": .string(transaction.submitted.text),
            "webhookId": .string("63d6fea2-aa13-4b1d-a204-f5fbc15942b7"),
            "payload": .object([
                "responseCode": .number(String(transaction.verdict.code)), "authCode": .string(transaction.authCode),
                "avsResponse": .string("Y"), "authAmount": .number(Cents.text(transaction.amount)),
                "invoiceNumber": .string(transaction.invoiceNumber ?? ""), "entityName": .string("transaction"),
                "id": .string(transaction.id),
            ]),
        ])
        return Notice(id: id, type: type, body: Array(body.encoded.utf8))
    }
}
