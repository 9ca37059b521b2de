import Core
import DaemonKit
import Drivers
import Hummingbird
import NIOCore
import Reference
import Synchronization

/// The doors over HTTP. Who sends is asked first, then whether there is room; only then is a body read. Answered after the commit, or
/// the spool's flush, and before rating.
///
/// `POST /ingest/v1/{cdr,vendor-cdr,mdr,dlr,api-usage,records}`: one JSON record, an array of them, or NDJSON, gzip or not.
/// `GET` and `POST /ingest/v1/jasmin/{mo,dlr}/{secret}`: Jasmin's own callbacks.
struct IngestRoutes: Sendable {
    let sources: SourceAuth
    let rates: SourceRates
    let intake: RecordIntake
    let reception: BodyReception
    let clock: Clock
    let metrics: PrometheusRegistry
    /// The header in which nginx names a client certificate; nil where none is believed.
    let clientHeader: HeaderName?
    let maxRecords: Int

    func add(to router: Router<DaemonRequestContext>) {
        for door in IngestDoor.ofJSON {
            router.post(RouterPath(door.rawValue)) { request, context in
                let shown = Credentials(of: request, from: context.peer, clientHeader: clientHeader)
                return try await answer(request, at: door, from: shown)
            }
        }
        for door in [IngestDoor.jasminMO, .jasminDLR] {
            let path = RouterPath("\(door.rawValue)/{secret}")
            for method in [HTTPRequest.Method.get, .post] {
                router.on(path, method: method) { request, context in
                    let secret = context.parameters.get("secret") ?? ""
                    return try await acknowledge(request, at: door, from: .bearer(token: secret))
                }
            }
        }
    }

    /// Records in JSON, answered with a verdict for each.
    private func answer(_ request: Request, at door: IngestDoor, from shown: Credentials?) async throws -> Response {
        let source = try await admit(shown)
        return try await reception.receive(request) { raw, body in
            guard sources.proves(raw, of: source) else { throw APIError.unknownSource }
            let framed = FramedBody(body, isNDJSON: request.isNDJSON)
            guard framed.elements.count <= maxRecords else {
                throw APIError(
                    .contentTooLarge, reason: "too-many-records", detail: "a body holds at most \(maxRecords) records")
            }
            let records = framed.elements.map { IncomingRecord($0, at: door, from: source.source) }
            let verdicts = try await take(records, at: door, from: source.source)
            return try IngestAnswer(isBatch: framed.isBatch, verdicts: verdicts).response()
        }
    }

    /// A callback of Jasmin's, which knows one answer: `ACK/Jasmin`. A callback that is no record is kept as a reject and acknowledged
    /// too, since sending it again would not mend it.
    private func acknowledge(_ request: Request, at door: IngestDoor, from shown: Credentials) async throws -> Response
    {
        let source = try await admit(shown)
        return try await reception.receive(request) { _, body in
            let form = FormFields(request.method == .get ? Array((request.uri.query ?? "").utf8) : body)
            let document = JasminCallback.document(of: form, at: door, receivedAt: Instant(milliseconds: clock.now()))
            let records = FramedBody(document, isNDJSON: false).elements.map {
                IncomingRecord($0, at: door, from: source.source)
            }
            _ = try await take(records, at: door, from: source.source)
            return Response(
                status: .ok, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "ACK/Jasmin")))
        }
    }

    /// Who sends, once there is room for what they send.
    private func admit(_ shown: Credentials?) async throws -> Sender {
        let sender = try await sources.sender(showing: shown)
        do throws(APIError) {
            try rates.admit(sender.source)
        } catch {
            metrics.increment(.ingestLimited, sender.source.name)
            throw error
        }
        try intake.admit()
        return sender
    }

    private func take(
        _ records: [IncomingRecord], at door: IngestDoor, from source: Source
    ) async throws -> [RecordVerdict] {
        rates.count(records.count, of: source)
        return try await intake.take(
            Submission(
                source: source.name, door: door, receivedAt: Instant(milliseconds: clock.now()), records: records))
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

extension Request {
    /// Whether the sender says that each line is a record, even where there is only one.
    fileprivate var isNDJSON: Bool {
        guard let type = headers[.contentType], type != "application/json" else { return false }
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl"].contains(name)
    }
}
