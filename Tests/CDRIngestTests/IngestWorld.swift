import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import CDRIngest

/// A migrated database, a Redis prefix and a moved clock; the daemon runs on them as often as a test asks, under its own role.
struct IngestWorld: Sendable {
    /// A superuser's view of the database: what tests look at.
    let pool: PostgresPool
    let database: ScratchDatabase
    private let values: [String: String]

    static let token = "warp-src-of-the-tests"
    /// What the daemons' clock says when a world begins.
    static let now = "2026-11-23T00:30:00.000Z"

    /// Runs the body in a world of its own, in which the source `switch` may push with `token`.
    static func with(_ body: (IngestWorld) async throws -> Void) async throws {
        try await withClockFile(at: now) { clock in
            try await withMigratedDatabase { database in
                let pool = PostgresPool(configuration: try database.configuration(), size: 4)
                let world = IngestWorld(pool: pool, database: database, values: values(database, clock: clock))
                do {
                    try await world.addSource("switch", token: token)
                    try await body(world)
                    await pool.close()
                } catch {
                    await pool.close()
                    throw error
                }
            }
        }
    }

    func addSource(_ name: String, token: String, kinds: [String] = []) async throws {
        try await pool.execute(
            """
            INSERT INTO billing.sources (name, token_hash, kinds, created_at)
            VALUES (\(name), \(Digest.sha256(token)), \(kinds)::text[], '2026-11-01T00:00:00Z')
            """)
    }

    /// Runs the daemon while the body sends to it.
    func serving(
        _ settings: [String: String] = [:], _ body: (Sender) async throws -> Void
    ) async throws {
        let values = values.merging(settings) { _, given in given }
        try await withDaemon(CDRIngestCommand.daemon, values: values, build: { try await CDRIngestCommand.build($0) }) {
            daemon in
            try await body(Sender(url: "http://127.0.0.1:\(daemon.port)", token: IngestWorld.token))
        }
    }

    /// The prefix of the world's Redis keys.
    var redisPrefix: String { values["redis.keyPrefix"] ?? "" }

    /// One number that a query answers.
    func count(_ sql: SQL) async throws -> Int {
        let row = try #require(try await pool.query(sql).first)
        return try row.value(at: 0)
    }

    /// The texts of a query's first column.
    func texts(_ sql: SQL) async throws -> [String] {
        try await pool.query(sql).map { try $0.value(at: 0) }
    }

    /// The daemon connects as its own role, so that a missing grant is found.
    private static func values(_ database: ScratchDatabase, clock: String) -> [String: String] {
        database.settings().merging(["postgres.user": "warp_ingest", "clock.file": clock]) { _, own in own }
    }
}

/// Somebody who pushes records.
struct Sender: Sendable {
    let url: String
    var token: String

    /// Posts a body with Bearer authorization.
    func post(
        _ path: String, _ body: String, contentType: String = "application/json"
    ) async throws -> HTTPClientResponse {
        try await post(path, Array(body.utf8), [.init("Authorization", "Bearer \(token)")], contentType)
    }

    /// Posts bytes with any headers.
    func post(
        _ path: String, _ body: [UInt8], _ headers: [HTTPField], _ contentType: String = "application/json"
    ) async throws -> HTTPClientResponse {
        let client = HTTPClient()
        let response = try await client.send(
            HTTPClientRequest(
                .post, url + path, headers: headers + [.init("Content-Type", contentType)], body: body,
                connectTimeout: .seconds(5), totalTimeout: .seconds(30)))
        await client.close()
        return response
    }

    /// Posts records and reads the verdicts.
    func verdicts(
        _ path: String, _ body: String, contentType: String = "application/json"
    ) async throws -> Reply {
        let response = try await post(path, body, contentType: contentType)
        try #require(response.status == 202, "\(response.status): \(response.text)")
        return try JSONDecoder().decode(Reply.self, from: Data(response.body))
    }

    func get(_ path: String) async throws -> HTTPClientResponse {
        let client = HTTPClient()
        let response = try await client.send(
            HTTPClientRequest(.get, url + path, connectTimeout: .seconds(5), totalTimeout: .seconds(10)))
        await client.close()
        return response
    }

    /// The value of one line of `/metrics`; nil where it isn't shown.
    func metric(_ line: String) async throws -> Double? {
        let text = try await get("/metrics").text
        return text.split(separator: "\n").first { $0.hasPrefix(line + " ") }
            .flatMap { Double($0.dropFirst(line.count + 1)) }
    }
}

/// A 202, read.
struct Reply: Decodable, Equatable {
    struct Record: Decodable, Equatable {
        let id: String?
        let key: String?
        let verdict: String
        let reason: String?
        let pointer: String?
    }

    let accepted: Int
    let repeats: Int
    let conflicts: Int
    let rejected: Int
    let records: [Record]

    var words: [String] { records.map(\.verdict) }
}

/// A problem, read.
struct Problem: Decodable, Equatable {
    let status: Int
    let reason: String
    let pointer: String?

    init(_ response: HTTPClientResponse) throws {
        self = try JSONDecoder().decode(Problem.self, from: Data(response.body))
    }
}

/// Records as senders write them.
enum Sample {
    /// An answered call of ten seconds.
    static func call(_ key: String, seconds: Int = 10, more: String = "") -> String {
        """
        {"record_type":"voice.cdr","sip_uuid":"\(key)","sip_callid":"c-\(key)@sbc1","customer_ban":"BAN100001",\
        "raw_ani":"+12024561111","dni":"+13128800100","direction":"terminating","selected_vendor":"telnyx",\
        "start_stamp":"2026-11-22T17:03:14.100Z","answer_stamp":"2026-11-22T17:03:15.000Z",\
        "end_stamp":"2026-11-22T17:03:\(15 + seconds).000Z"\(more)}
        """
    }

    static func attempt(_ key: String, number: Int = 1) -> String {
        """
        {"record_type":"voice.attempt","sip_uuid":"\(key)","attempt_number":\(number),"vendor_name":"telnyx",\
        "start_stamp":"2026-11-22T17:03:14.100Z","answer_stamp":null,"disposition":"BUSY"}
        """
    }

    static func message(_ key: String, isFinal: Bool = true, status: String = "ESME_ROK") -> String {
        """
        {"record_type":"sms.mdr","direction":"mt","service":"sms","message_id":"\(key)","user_id":"BAN200001",\
        "source_addr":"72345","destination_addr":"12024561111","connector_id":"smsc1","segments":1,"data_coding":0,\
        "submitted_at":"2026-11-22T16:59:43.458Z","status":"\(status)","final":\(isFinal)}
        """
    }

    static func receipt(_ key: String, receivedAt: String = "2026-11-22T16:59:43.977Z") -> String {
        """
        {"record_type":"sms.dlr","message_id":null,"smsc_message_id":"\(key)","connector_id":"smsc1",\
        "message_status":"DELIVRD","done_date":"2611221659","received_at":"\(receivedAt)"}
        """
    }

    static func query(_ key: String) -> String {
        """
        {"record_type":"api.usage","id":"\(key)","customer_ban":"BAN300002","api":"LRN","quantity":1,"status":"ok",\
        "vendor":"telnyx","at":"2026-11-22T15:00:00.000Z"}
        """
    }
}
