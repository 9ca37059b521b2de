import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Notices of Authorize.Net")
struct AuthorizeNetWebhookTests {
    /// A notice with its signatures by either use of the key.
    private struct Vector: Decodable {
        let signatureKey: String
        let body: String
        let signatureByCharacters: String
        let signatureByBytes: String

        static func load() throws -> Vector {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../Fixtures/authorize-net/webhook.json")
            return try JSONDecoder().decode(Vector.self, from: Data(contentsOf: file))
        }
    }

    @Test("a signature by the key's characters or by its bytes is taken, in either case, and no other")
    func signatures() throws {
        let vector = try Vector.load()
        let (body, key) = (Array(vector.body.utf8), Secret(vector.signatureKey))
        func verify(_ signature: String?, _ body: [UInt8], _ key: Secret) -> Bool {
            AuthorizeNetWebhook.verify(signature: signature, body: body, key: key)
        }
        for signature in [vector.signatureByCharacters, vector.signatureByBytes] {
            #expect(verify(signature, body, key))
            #expect(verify(signature.lowercased(), body, key))
            #expect(verify("SHA512=" + signature.dropFirst(7), body, key))
            #expect(!verify(signature, body + [0x20], key))
            #expect(!verify(signature, body, Secret(vector.signatureKey.lowercased() + "0")))
            #expect(!verify(String(signature.dropLast()), body, key))
            #expect(!verify(String(signature.dropLast(2)), body, key))
            #expect(!verify(String(signature.dropFirst(7)), body, key))
        }
        #expect(!verify(nil, body, key))
        #expect(!verify("", body, key))
        #expect(!verify("sha512=", body, key))
        // Whoever has no key configured must not be taken in by a signature with the empty one.
        let unkeyed = Digest.hex(Digest.hmacSHA512(key: [], body))
        #expect(!verify("sha512=\(unkeyed)", body, Secret("")))
    }

    @Test("a notice names itself, its transaction, our reference and the amount")
    func parsing() throws {
        let notice = try AuthorizeNetWebhook(parsing: Array(try Vector.load().body.utf8))
        #expect(notice.notificationID == "d0e8e7fe-c3e7-4add-a480-27bc5ce28a18")
        #expect(notice.eventType == "net.authorize.payment.authcapture.created")
        #expect(notice.transactionID == "60020981676")
        #expect(notice.invoiceNumber == "INV-2026-11-BAN001")
        #expect(notice.amount?.text(.cents) == "45.00")
    }

    @Test("a notice about a stored card names no transaction, and one without an id is none")
    func otherNotices() throws {
        let card = #"{"notificationId":"n1","eventType":"net.authorize.customer.paymentProfile.deleted","#
        let body = card + #""payload":{"entityName":"customerPaymentProfile","id":"694"}}"#
        let notice = try AuthorizeNetWebhook(parsing: Array(body.utf8))
        #expect(notice.transactionID == nil)
        #expect(notice.amount == nil)
        for wrong in ["no JSON", "{}", #"{"eventType":"x","payload":{}}"#, body.replacing("\"n1\"", with: "\"\"")] {
            #expect(throws: ProcessorError.self) { _ = try AuthorizeNetWebhook(parsing: Array(wrong.utf8)) }
        }
    }

    private static let key = String(repeating: "F7F2E9B3A5C1D048", count: 8)

    /// The notices that came to the stand-in's own sink.
    private static func received(_ world: CardWorld) throws -> [AuthorizeNetWebhook] {
        try world.server.traffic.requests(of: "sink").map { request in
            let body = Array(request.body.utf8)
            let signature = request.headers["x-anet-signature"]
            #expect(AuthorizeNetWebhook.verify(signature: signature, body: body, key: Secret(Self.key)))
            return try AuthorizeNetWebhook(parsing: body)
        }
    }

    @Test("a charge is told by a signed notice, twice under one id if need be")
    func told() async throws {
        try await CardWorld.with { world async throws in
            try await world.control(
                .put, "webhook", #"{"url":"\#(world.baseURL)/sink/anet","key":"\#(Self.key)","copies":2}"#)
            let card = try await world.card()
            let answer = await world.processor.charge(try world.charge("PI1", "20.00", card))
            try await eventually("two notices", within: .seconds(10)) { try Self.received(world).count == 2 }
            let notices = try Self.received(world)
            #expect(notices.first == notices.last)
            #expect(notices.first?.transactionID == answer.payment?.id)
            #expect(notices.first?.invoiceNumber == "PI1")
            #expect(notices.first?.amount?.text(.cents) == "20.00")
        }
    }

    @Test("a notice may come before an answer that is lost: its transaction then confirms the charge")
    func beforeTheAnswer() async throws {
        try await CardWorld.with { world async throws in
            try await world.control(
                .put, "webhook", #"{"url":"\#(world.baseURL)/sink/anet","key":"\#(Self.key)","beforeAnswer":true}"#)
            let charge = try world.charge("PI1", "20.00", try await world.card())
            world.order(.loseAnswer)
            #expect(await world.processor.charge(charge).isUnknown)
            let notice = try #require(try Self.received(world).first)
            let id = try #require(notice.transactionID)
            let details = try #require(try await world.processor.details(id))
            let answer = details.answer(expecting: ExpectedTransaction(charge))
            #expect(answer.isPaid)
            #expect(await world.processor.find(charge) == answer)
        }
    }
}
