import Foundation
import TestSupport
import Testing

@testable import CDRIngest

@Suite("Delivery receipts", .needsServices)
struct ReceiptTests {
    @Test("a receipt finds its message by connector and SMSC id, early or doubled, and changes nothing of it")
    func joined() async throws {
        try await IngestWorld.with { world async throws in
            let message = #"""
                {"record_type":"sms.mdr","direction":"mt","message_id":"m1","user_id":"BAN200001","connector_id":"smsc1",\#
                "smsc_message_id":"r1","segments":1,"submitted_at":"2026-11-22T16:59:43.458Z","status":"ESME_ROK"}
                """#.replacing("\n", with: "")
            try await world.serving { sender async throws in
                #expect(try await sender.verdicts("/ingest/v1/dlr", Sample.receipt("r1")).words == ["accepted"])
                #expect(try await world.joined() == ["r1 DELIVRD -"])
                #expect(try await sender.verdicts("/ingest/v1/mdr", message).words == ["accepted"])
                // The SMSC sent it twice; another connector has the same id for another message.
                let again = Sample.receipt("r1", receivedAt: "2026-11-22T17:05:00.000Z")
                #expect(try await sender.verdicts("/ingest/v1/dlr", again).words == ["repeat"])
                let elsewhere = Sample.receipt("r1").replacing("smsc1", with: "smsc2")
                #expect(try await sender.verdicts("/ingest/v1/dlr", elsewhere).words == ["accepted"])
            }
            #expect(try await world.joined() == ["r1 DELIVRD m1", "r1 DELIVRD -"])
            #expect(try await world.texts("SELECT document FROM billing.raw_mdr") == [message])
        }
    }
}

extension IngestWorld {
    /// Each receipt with the message it belongs to.
    fileprivate func joined() async throws -> [String] {
        try await texts(
            """
            SELECT concat_ws(' ', smsc_id, message_status, coalesce(message_id, '-'))
            FROM billing.message_receipts
            ORDER BY connector
            """)
    }
}
