import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

/// Puts rows where cdr-ingest would: raw tables, spans and counts, in one transaction.
extension PollerWorld {
    /// Adds records of a kind; the spans that their commit would announce.
    @discardableResult
    func add(
        _ kind: RawKind, _ documents: [String], received: Instant? = nil, isConflict: Bool = false,
        source: String = "switch"
    ) async throws -> [UsageSpan] {
        let receivedAt = received ?? now
        let rows = try documents.map { document in
            try RawInsert(kind, document, receivedAt: receivedAt, isConflict: isConflict)
        }
        for day in Set(rows.map(\.day)) {
            _ = try await admin.query("SELECT billing.ensure_partition(\(kind.fact.rawValue), \(day))")
        }
        return try await admin.withTransaction { transaction in
            try transaction.execute("SELECT billing.lock_sequence(\(kind.fact.rawValue))")
            var places: [(day: UsageDay, number: Int64)] = []
            for row in rows { places.append((row.day, try row.insert(in: transaction, source: source))) }
            let spans = UsageSpan.runs(kind: kind.fact, of: places)
            for span in spans {
                try transaction.execute(
                    """
                    INSERT INTO billing.raw_spans (kind, usage_day, first_seq, last_seq, count)
                    VALUES (\(kind.fact.rawValue), \(span.day), \(span.first), \(span.last), \(span.count))
                    """)
            }
            let conflicts = isConflict ? rows.count : 0
            try transaction.execute(
                """
                INSERT INTO billing.ingest_counts
                    (hour, source, kind, received, accepted, evidence, conflicts, repeats, rejected)
                VALUES (date_trunc('hour', \(receivedAt)::timestamptz), \(source), \(kind.countedAs), \(rows.count),
                    \(rows.count - conflicts), 0, \(conflicts), 0, 0)
                """)
            return spans
        }
    }

    /// A directory's customers, with their account numbers and telephone numbers.
    func addCustomers(of directory: String) async throws {
        for customer in try Self.json("customers.json", of: directory).elements ?? [] {
            let id = try #require(customer["id"]?.string)
            let ban = try #require(customer["ban"]?.string)
            try await addCustomer(
                id, ban: ban, btn: customer["btn"]?.string, marginAlert: customer["margin_alert_pct"]?.string ?? "10.00"
            )
            for number in customer["numbers"]?.elements ?? [] {
                try await admin.execute(
                    "INSERT INTO billing.customer_numbers (number, ban) VALUES (\(number.string), \(ban))")
            }
        }
    }

    func addCustomer(_ id: String, ban: String, btn: String? = nil, marginAlert: String = "10.00") async throws {
        try await admin.execute(
            """
            INSERT INTO billing.customers (customer_id, name, model, cycle, btn, margin_alert_pct, billed_from, created_at,
                updated_at)
            VALUES (\(id), \(ban), 'POSTPAID', 'monthly', \(btn), \(marginAlert)::numeric, '2023-01-01', \(now), \(now))
            """)
        try await admin.execute(
            "INSERT INTO billing.customer_bans (ban, customer_id) VALUES (\(ban), \(id)::uuid)")
    }

    /// A directory's vendors.
    func addVendors(of directory: String) async throws {
        for vendor in try Self.json("vendors.json", of: directory).fields ?? [] {
            var terms = JSONWriter()
            vendor.value.write(to: &terms)
            try await admin.execute(
                """
                INSERT INTO billing.vendors (name, deck, terms, created_at, updated_at)
                VALUES (\(vendor.name), \(vendor.value["deck"]?.string), \(terms.text)::jsonb, \(now), \(now))
                """)
        }
    }

    private static func json(_ name: String, of directory: String) throws -> Core.JSONValue {
        try Core.JSONValue(parsing: try Data(contentsOf: URL(filePath: directory).appending(path: name)))
    }
}

/// One row as cdr-ingest writes it.
private struct RawInsert {
    let kind: RawKind
    let id: UsageID
    let day: UsageDay
    let key: [String]
    let isFinal: Bool
    let receivedAt: Instant
    let isConflict: Bool
    let document: String

    init(_ kind: RawKind, _ document: String, receivedAt: Instant, isConflict: Bool) throws {
        let element = try #require(try JSONRecords(parsing: Array(document.utf8)).first)
        let reading = try RecordReader.read(element, as: kind.record)
        self.kind = kind
        self.document = document
        self.receivedAt = receivedAt
        self.isConflict = isConflict
        id = UsageID(isConflict ? Identifier128.random() : reading.keyHash)
        var instant: Instant?
        switch reading.record {
        case .call(let call):
            instant = call.ratingInstant
            key = [call.sipUUID]
            isFinal = true
        case .attempt(let attempt):
            instant = attempt.answer.instant ?? attempt.start.instant
            key = [attempt.sipUUID, String(attempt.attemptNumber)]
            isFinal = true
        case .message(let message):
            instant = message.at.instant
            key = [message.messageID]
            isFinal = message.isFinal
        case .query(let query):
            instant = query.at.instant
            key = [query.key]
            isFinal = true
        case .receipt: throw RejectReason(.unknownRecordType, field: "")
        }
        let today = receivedAt.usageDay
        let oldest = today.advanced(days: -390)
        day = instant.map(\.usageDay).flatMap { (oldest...today.advanced(days: 7)).contains($0) ? $0 : nil } ?? today
    }

    func insert(in transaction: PostgresTransaction, source: String) throws -> Int64 {
        let drawn = try transaction.query("SELECT nextval(\("billing.\(kind.fact.rawValue)_seq")::regclass) AS number")
        let number: Int64 = try drawn[0].value("number")
        let (columns, values): (SQL, SQL) =
            switch kind {
            case .call: ("sip_uuid", "\(key[0])")
            case .attempt: ("sip_uuid, attempt_number", "\(key[0]), \(key[1])::int")
            case .message: ("message_id, is_final", "\(key[0]), \(isFinal)")
            case .query: ("usage_id", "\(key[0])")
            }
        try transaction.execute(
            """
            INSERT INTO \(identifier: "billing.\(kind.fact.rawValue)")
                (id, raw_seq, usage_day, source, received_at, is_conflict, document, \(columns))
            VALUES (\(id), \(number), \(day), \(source), \(receivedAt), \(isConflict), \(document), \(values))
            """)
        return number
    }
}

/// Records as senders write them.
enum Sample {
    /// An answered call from New York to Chicago of customer 1, over telnyx: 61 s at 0.0070000 = 0.00712, cost 0.00220.
    static func call(
        _ key: String, ban: String = "BAN001", to dni: String = "3122005555", seconds: Int = 61,
        answer: String = "2025-03-12T15:00:05.000Z", created: String? = nil
    ) -> String {
        let more = created.map { ",\"created_at\":\"\($0)\"" } ?? ""
        let end = Instant(parsing: answer)!.advanced(seconds: seconds).text
        return """
            {"record_type":"voice.cdr","sip_uuid":"\(key)","sip_callid":"c-\(key)@h","customer_ban":"\(ban)",\
            "raw_ani":"2126001111","dni":"\(dni)","direction":"outbound","selected_vendor":"telnyx","vendor_trunk":"t1",\
            "start_stamp":"\(answer)","answer_stamp":"\(answer)","end_stamp":"\(end)"\(more)}
            """
    }

    /// A try of that call at a vendor, answered unless it says otherwise.
    static func attempt(
        _ key: String, number: Int = 1, vendor: String = "telnyx", isAnswered: Bool = true, seconds: Int = 66,
        mos: String = "4.21"
    ) -> String {
        let answer = isAnswered ? "\"2025-03-12T15:00:05.000Z\"" : "null"
        let end = Instant(parsing: "2025-03-12T15:00:05.000Z")!.advanced(seconds: seconds).text
        return """
            {"record_type":"voice.attempt","sip_uuid":"\(key)","sip_callid":"c-\(key)@h","attempt_number":\(number),\
            "vendor_name":"\(vendor)","vendor_trunk":"t1","start_stamp":"2025-03-12T15:00:00.000Z","answer_stamp":\(answer),\
            "end_stamp":"\(end)","disposition":"\(isAnswered ? "ANSWERED" : "BUSY")",\
            "sip_response_code":\(isAnswered ? 200 : 486),"pdd_ms":850,"mos_score":\(mos),"packet_loss":0.5,"jitter_ms":7}
            """
    }

    static func message(_ key: String, status: String = "ESME_ROK", isFinal: Bool = true) -> String {
        """
        {"record_type":"sms.mdr","service":"sms","direction":"mt","message_id":"\(key)","user_id":"BAN001",\
        "source_addr":"3122001111","destination_addr":"2126001111","segments":2,"status":"\(status)","vendor":"sinch",\
        "submitted_at":"2025-03-12T15:00:00.000Z","final":\(isFinal)}
        """
    }

    static func query(_ key: String, quantity: Int = 1) -> String {
        """
        {"record_type":"api.usage","id":"\(key)","customer_ban":"BAN001","api":"LRN","quantity":\(quantity),"status":"ok",\
        "vendor":"telnyx","at":"2025-03-12T15:00:00.000Z"}
        """
    }
}
