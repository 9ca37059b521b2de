import Core
import DaemonKit
import Drivers
import Hummingbird
import NIOCore
import Reference
import Synchronization

/// The doors of the platform over HTTP.
enum IngestDoor: String, CaseIterable {
    case cdr
    case vendorCDR = "vendor-cdr"
    case mdr
    case dlr
    case apiUsage = "api-usage"
    /// Any kind, told apart by `record_type`.
    case records

    var path: String { "/ingest/v1/\(rawValue)" }

    /// The only kind it takes; nil takes all.
    var kind: RecordKind? {
        switch self {
        case .cdr: .cdr
        case .vendorCDR: .vendorCDR
        case .mdr: .mdr
        case .dlr: .dlr
        case .apiUsage: .api
        case .records: nil
        }
    }
}

/// `POST /ingest/v1/{cdr,vendor-cdr,mdr,dlr,api-usage,records}`: one JSON record, an array of them, or NDJSON. Answered after the
/// commit and before rating.
struct IngestRoutes: Sendable {
    let sources: SourceAuth
    let intake: RecordIntake
    let clock: Clock
    let maxBodyBytes: Int
    let maxRecords: Int
    let bodies: BodyBudget

    func add(to router: Router<DaemonRequestContext>) {
        for door in IngestDoor.allCases {
            router.post(RouterPath(door.path)) { request, _ in try await answer(request, at: door) }
        }
    }

    private func answer(_ request: Request, at door: IngestDoor) async throws -> Response {
        let source = try await sources.source(showing: request.credentials)
        let expected = try expectedBytes(request)
        try bodies.reserve(expected)
        defer { bodies.release(expected) }
        let body = Array(try await request.body.collect(upTo: maxBodyBytes).readableBytesView)
        let framed = FramedBody(body, isNDJSON: request.isNDJSON)
        guard framed.elements.count <= maxRecords else {
            throw APIError(
                .contentTooLarge, reason: "too-many-records", detail: "a body holds at most \(maxRecords) records")
        }
        let submission = Submission(
            source: source.name, path: door.path, receivedAt: Instant(milliseconds: clock.now()),
            records: framed.elements.map { IncomingRecord($0, at: door, from: source) })
        let verdicts = try await intake.take(submission)
        return try IngestAnswer(isBatch: framed.isBatch, verdicts: verdicts).response()
    }

    /// What the body may weigh: as announced, or as much as it may.
    private func expectedBytes(_ request: Request) throws(APIError) -> Int {
        guard let announced = request.headers[.contentLength].flatMap({ Int($0) }) else { return maxBodyBytes }
        guard announced <= maxBodyBytes else { throw .tooLarge }
        return announced
    }
}

/// The records of a body, whatever its form.
struct FramedBody {
    /// Whether several records were asked about (an array, NDJSON): a batch is answered record by record.
    let isBatch: Bool
    let elements: [JSONRecords.Element]

    /// A body in which no record can be told apart is one broken record: its bytes are kept, too.
    init(_ body: [UInt8], isNDJSON: Bool) {
        do throws(JSONFault) {
            let records = try JSONRecords(parsing: body)
            isBatch = isNDJSON || records.form != .object
            elements = Array(records)
        } catch {
            isBatch = false
            elements = [.broken(error, rawBytes: body[...])]
        }
    }
}

extension IncomingRecord {
    /// Reads a record of a body. A kind that the door or the source may not bring is a reject.
    init(_ element: JSONRecords.Element, at door: IngestDoor, from source: Source) {
        switch element {
        case .record(let record): bytes = record.rawBytes
        case .broken(_, let rawBytes): bytes = rawBytes
        }
        do throws(UnreadableRecord) {
            let read = try RecordReader.read(element, as: door.kind)
            guard source.maySend(read.kind) else {
                throw UnreadableRecord(
                    reason: RejectReason(
                        .notAllowed, field: "/record_type",
                        message: "\(source.name) does not send records of kind \(read.kind.name)"),
                    kind: read.kind)
            }
            reading = .success(read)
        } catch {
            reading = .failure(error)
        }
    }
}

extension Request {
    /// Whether the sender says that each line is a record, even where there is only one.
    fileprivate var isNDJSON: Bool {
        guard let type = headers[.contentType]?.split(separator: ";").first else { return false }
        return type.lowercased().contains("ndjson") || type.lowercased().contains("jsonl")
    }
}

/// How many bytes of bodies may be read at once: what keeps the daemon's memory bounded, whoever sends.
final class BodyBudget: Sendable {
    private let left: Mutex<Int>

    init(bytes: Int) {
        left = Mutex(bytes)
    }

    /// Takes a part.
    /// - Throws: 503 where not so much is left.
    func reserve(_ bytes: Int) throws(APIError) {
        let isReserved = left.withLock { left in
            guard bytes <= left else { return false }
            left -= bytes
            return true
        }
        guard isReserved else { throw .unavailable(reason: "too-many-bodies") }
    }

    /// Gives a part back.
    func release(_ bytes: Int) {
        left.withLock { $0 += bytes }
    }
}
