import Core
import Drivers
import Foundation
import Reference
import Synchronization
import TestSupport

@testable import Poller

/// A strict stand-in of BigQuery's REST API: tables with their schema, load jobs by id, uploads in chunks, the one query that is asked.
final class BigQueryStandIn: Sendable {
    /// What goes wrong with the next request whose line begins with a text.
    struct Fault: Sendable {
        enum Kind: Sendable {
            /// It is not looked at.
            case refuse(status: Int, reason: String)
            /// It is done, and the answer is lost.
            case loseAnswer
            /// Its job fails as a whole.
            case failJob(reason: String)
            /// Its job waits, runs, and is done when it was asked for so often.
            case slowJob(looks: Int)
            /// Half of the chunk arrives, and then nothing.
            case halfOfChunk
        }
        let begin: String
        let kind: Kind
    }

    private struct Upload {
        let job: String
        let total: Int
        var bytes: [UInt8] = []
    }

    /// A job that is not done, and what it will bring.
    private struct SlowJob {
        var looks: Int
        let table: String
        let lines: [String]
    }

    private struct State {
        var slow: [String: SlowJob] = [:]
        var datasets: Set<String> = []
        var tables: [String: [String: String]] = [:]
        var required: [String: Set<String>] = [:]
        var jobs: [String: String] = [:]
        var rows: [String: [String]] = [:]
        var uploads: [String: Upload] = [:]
        var faults: [Fault] = []
        var bodies: [String] = []
    }

    private final class Shared: Sendable { let state = Mutex(State()) }

    private let shared = Shared()
    private let peer: HTTPPeer

    init() throws {
        peer = try HTTPPeer { [shared] request, _ in shared.state.withLock { Self.answer(request, &$0) } }
    }

    deinit { peer.stop() }

    var url: String { peer.url }
    /// The first line of each request, without its version.
    var lines: [String] {
        peer.requests.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    }
    /// The bodies of rows that came, in order, whether their job was new or not.
    var bodies: [String] { shared.state.withLock { $0.bodies } }
    /// The ids of jobs that exist.
    var jobs: [String] { shared.state.withLock { $0.jobs.keys.sorted() } }

    func rows(_ table: ExportTable) -> [String] { shared.state.withLock { $0.rows[table.rawValue] ?? [] } }
    func columns(_ table: ExportTable) -> Set<String> {
        shared.state.withLock { Set(($0.tables[table.rawValue] ?? [:]).keys) }
    }
    func fail(_ begin: String, _ kind: Fault.Kind) {
        shared.state.withLock { $0.faults.append(Fault(begin: begin, kind: kind)) }
    }
    /// Rows that nobody loaded.
    func lose(_ table: ExportTable) { shared.state.withLock { $0.rows[table.rawValue] = [] } }
    /// As a table that an older release made.
    func dropColumn(_ name: String, of table: ExportTable) {
        shared.state.withLock { $0.tables[table.rawValue]?[name] = nil }
    }

    func client() -> BigQueryClient {
        BigQueryClient(
            configuration: .init(
                url: url, project: "p", location: "US", login: BigQueryLogin(.none, seconds: { 0 })))
    }

    // MARK: Answers

    private static func answer(_ request: String, _ state: inout State) -> String? {
        let parts = request.components(separatedBy: "\r\n\r\n")
        let line = parts[0].split(separator: " ").prefix(2).joined(separator: " ")
        var fault: Fault.Kind?
        if let index = state.faults.firstIndex(where: { line.hasPrefix($0.begin) }) {
            fault = state.faults.remove(at: index).kind
        }
        if case .refuse(let status, let reason) = fault { return error(status, reason) }
        let reply = reply(
            line, head: parts[0], parts.dropFirst().joined(separator: "\r\n\r\n"), fault, &state)
        if case .loseAnswer = fault { return nil }
        return reply
    }

    private static func reply(
        _ line: String, head: String, _ body: String, _ fault: Fault.Kind?, _ state: inout State
    ) -> String? {
        let words = line.split(separator: " ").map(String.init)
        let path = words[1].split(separator: "?")[0].split(separator: "/").map(String.init)
        switch (words[0], path.count, path.last ?? "") {
        case ("POST", 6, "jobs") where line.contains("uploadType=multipart"):
            let parts = body.components(separatedBy: "\r\n--")
            let job = parts[0].components(separatedBy: "\r\n\r\n")[1]
            let rows = parts[1].components(separatedBy: "\r\n\r\n")[1]
            state.bodies.append(rows)
            return run(job, rows, fault, &state)
        case ("POST", 6, "jobs"):
            let total = Int(field("X-Upload-Content-Length", head) ?? "") ?? 0
            let name = "u\(state.uploads.count + 1)"
            state.uploads[name] = Upload(job: body, total: total)
            let host = field("Host", head) ?? ""
            return text(200, "", ["Location: http://\(host)/session/\(name)"])
        case ("PUT", 2, _): return put(path[1], range: field("Content-Range", head) ?? "", body, fault, &state)
        case ("POST", 5, "datasets"), ("POST", 7, "tables"), ("PATCH", 8, _): return make(words[0], path, body, &state)
        case ("GET", 6, _) where path[4] == "jobs":
            return look(at: path[5], &state)
        case ("GET", 6, _): return state.datasets.contains(path[5]) ? text(200, "{}") : error(404, "notFound")
        case ("GET", 8, _):
            guard let columns = state.tables[path[7]] else { return error(404, "notFound") }
            let fields = columns.map { #"{"name":"\#($0.key)","type":"\#($0.value)","description":"kept"}"# }
            return text(200, #"{"schema":{"fields":[\#(fields.joined(separator: ","))]}}"#)
        case ("POST", 5, "queries"): return counts(body, state)
        default: return error(404, "notFound")
        }
    }

    private static func make(_ method: String, _ path: [String], _ body: String, _ state: inout State) -> String {
        let document = (try? Core.JSONValue(parsing: Array(body.utf8))) ?? .null
        if path.last == "datasets" {
            guard let name = document["datasetReference"]?["datasetId"]?.string else { return error(400, "invalid") }
            return state.datasets.insert(name).inserted ? text(200, "{}") : error(409, "duplicate")
        }
        let name = method == "PATCH" ? path[7] : document["tableReference"]?["tableId"]?.string ?? ""
        if method == "POST", state.tables[name] != nil { return error(409, "duplicate") }
        for field in document["schema"]?["fields"]?.elements ?? [] {
            let column = field["name"]?.string ?? ""
            if field["mode"]?.string == "REQUIRED" {
                if method == "PATCH" { return error(400, "invalid") }
                state.required[name, default: []].insert(column)
            }
            state.tables[name, default: [:]][column] = field["type"]?.string
        }
        return text(200, "{}")
    }

    private static func put(
        _ name: String, range: String, _ body: String, _ fault: Fault.Kind?, _ state: inout State
    ) -> String? {
        guard var upload = state.uploads[name] else { return error(404, "notFound") }
        var bytes = Array(body.utf8)
        if !range.hasPrefix("bytes */") {
            guard range == "bytes \(upload.bytes.count)-\(upload.bytes.count + bytes.count - 1)/\(upload.total)",
                upload.bytes.count + bytes.count == upload.total || bytes.count % BigQueryClient.chunkUnit == 0
            else { return error(400, "invalid") }
            if case .halfOfChunk = fault { bytes = Array(bytes.prefix(bytes.count / 2)) }
            upload.bytes += bytes
            state.uploads[name] = upload
            if case .halfOfChunk = fault { return nil }
        }
        guard upload.bytes.count == upload.total else {
            return text(308, "", upload.bytes.isEmpty ? [] : ["Range: bytes=0-\(upload.bytes.count - 1)"])
        }
        state.uploads[name] = nil
        let rows = String(decoding: upload.bytes, as: UTF8.self)
        state.bodies.append(rows)
        return run(upload.job, rows, fault, &state)
    }

    /// A job happens once: whoever comes with its id again is refused, whatever he brings.
    private static func run(_ job: String, _ rows: String, _ fault: Fault.Kind?, _ state: inout State) -> String {
        guard let document = try? Core.JSONValue(parsing: Array(job.utf8)),
            let id = document["jobReference"]?["jobId"]?.string,
            let load = document["configuration"]?["load"], let table = load["destinationTable"]?["tableId"]?.string,
            load["writeDisposition"]?.string == "WRITE_APPEND", load["createDisposition"]?.string == "CREATE_NEVER"
        else { return error(400, "invalid") }
        guard state.jobs[id] == nil else { return error(409, "duplicate") }
        let lines = rows.split(separator: "\n").map(String.init)
        var failure = lines.contains { !fits($0, table, state) } ? "invalid" : nil
        if case .failJob(let reason) = fault { failure = reason }
        if case .slowJob(let looks) = fault {
            state.slow[id] = SlowJob(looks: looks, table: table, lines: lines)
        } else if failure == nil {
            state.rows[table, default: []] += lines
        }
        let result = failure.map { #","errorResult":{"reason":"\#($0)","message":"no"}"# } ?? ""
        let loaded = failure == nil ? #","statistics":{"load":{"outputRows":"\#(lines.count)"}}"# : ""
        let answer = #"{"jobReference":{"jobId":"\#(id)"},"status":{"state":"DONE"\#(result)}\#(loaded)}"#
        state.jobs[id] = answer
        return text(200, state.slow[id] == nil ? answer : unfinished(id, "PENDING"))
    }

    /// The rows of a slow job are there when it is done, and not before.
    private static func look(at id: String, _ state: inout State) -> String {
        guard let answer = state.jobs[id] else { return error(404, "notFound") }
        if var job = state.slow[id] {
            job.looks -= 1
            state.slow[id] = job
            guard job.looks <= 0 else { return text(200, unfinished(id, "RUNNING")) }
            state.slow[id] = nil
            state.rows[job.table, default: []] += job.lines
        }
        return text(200, answer)
    }

    private static func unfinished(_ id: String, _ state: String) -> String {
        #"{"jobReference":{"jobId":"\#(id)"},"status":{"state":"\#(state)"}}"#
    }

    private static func fits(_ line: String, _ table: String, _ state: State) -> Bool {
        guard let columns = state.tables[table], let row = try? Core.JSONValue(parsing: Array(line.utf8)),
            let fields = row.fields
        else { return false }
        return fields.allSatisfy {
            columns[$0.name] != nil && (columns[$0.name] != "NUMERIC" || $0.value.string != nil)
        }
            && (state.required[table] ?? []).allSatisfy { row[$0] != nil }
    }

    /// The comparison of days.
    private static func counts(_ body: String, _ state: State) -> String {
        guard let query = try? Core.JSONValue(parsing: Array(body.utf8)), let sql = query["query"]?.string,
            let table = ExportTable.allCases.first(where: { sql.contains(".\($0.rawValue)`") }),
            let bounds = query["queryParameters"]?.elements?.compactMap({ $0["parameterValue"]?["value"]?.string }),
            bounds.count == 2
        else { return error(400, "invalidQuery") }
        var days: [String: (rows: Int, amount: Money)] = [:]
        for line in state.rows[table.rawValue] ?? [] {
            guard let row = try? Core.JSONValue(parsing: Array(line.utf8)), let day = row["usage_day"]?.string,
                bounds[0] <= day, day <= bounds[1]
            else { continue }
            let amount = row[table.amount]?.string.flatMap { try? Money(parsing: $0) } ?? .zero
            let sum = days[day] ?? (0, .zero)
            days[day] = (sum.rows + 1, sum.amount + amount)
        }
        let rows = days.sorted { $0.key < $1.key }.map {
            #"{"f":[{"v":"\#($0.key)"},{"v":"\#($0.value.rows)"},{"v":"\#($0.value.amount.text(.charge))"}]}"#
        }
        let names = ["day", "row_count", "amount"].map { #"{"name":"\#($0)","type":"STRING"}"# }
        return text(
            200,
            #"{"jobComplete":true,"schema":{"fields":[\#(names.joined(separator: ","))]},"rows":[\#(rows.joined(separator: ","))]}"#
        )
    }

    private static func field(_ name: String, _ head: String) -> String? {
        head.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    private static func error(_ status: Int, _ reason: String) -> String {
        text(
            status,
            #"{"error":{"code":\#(status),"message":"the stand-in says so","errors":[{"reason":"\#(reason)"}]}}"#)
    }

    private static func text(_ status: Int, _ body: String, _ headers: [String] = []) -> String {
        let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }
}
