import Foundation

/// A page of a query's rows.
public struct BigQueryPage: Sendable {
    /// What the cells of each row are, in their order.
    public let columns: [BigQueryColumn]
    public let rows: [[BigQueryCell]]
    let job: BigQueryJob?
    let nextToken: String?
    let pageRows: Int

    init(_ answer: QueryAnswer, pageRows: Int) throws(BigQueryError) {
        guard answer.jobComplete else { throw .unreadable("a page of a query that still runs") }
        columns = answer.schema?.fields ?? []
        rows = (answer.rows ?? []).map { $0.f.map(\.v) }
        job = answer.jobReference
        nextToken = answer.pageToken.flatMap { $0.isEmpty ? nil : $0 }
        self.pageRows = pageRows
        guard rows.allSatisfy({ $0.count == columns.count }) else {
            throw .unreadable("a row with another number of cells than the schema has columns")
        }
    }
}

/// A column of a result.
public struct BigQueryColumn: Sendable, Decodable, Equatable {
    public let name: String
    /// `STRING`, `INTEGER`, `TIMESTAMP`, `RECORD`, ….
    public let type: String
    /// `NULLABLE`, `REQUIRED` or `REPEATED`.
    public let mode: String?
}

/// A cell: every scalar comes as text, a TIMESTAMP as microseconds since 1970.
public enum BigQueryCell: Sendable, Equatable {
    case null
    case text(String)
    /// A RECORD or an array.
    case nested

    /// The text of a scalar.
    public var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }
}

extension BigQueryCell: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
            return
        }
        do {
            self = .text(try container.decode(String.self))
        } catch DecodingError.typeMismatch {
            self = .nested
        }
    }
}

/// A job, by what `jobs.get` and `getQueryResults` know it.
struct BigQueryJob: Sendable, Decodable {
    let jobId: String
    let location: String?
}

/// `QueryResponse` and `GetQueryResultsResponse` of the API, as far as they are read.
struct QueryAnswer: Decodable {
    struct Schema: Decodable { let fields: [BigQueryColumn] }
    struct Row: Decodable { let f: [Cell] }
    struct Cell: Decodable { let v: BigQueryCell }

    let jobComplete: Bool
    let jobReference: BigQueryJob?
    let schema: Schema?
    let rows: [Row]?
    let pageToken: String?
}

/// The bodies of requests and answers.
enum BigQueryJSON {
    static func decode<Value: Decodable>(
        _ bytes: [UInt8], names: JSONDecoder.KeyDecodingStrategy = .useDefaultKeys
    ) throws(BigQueryError) -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = names
        do {
            return try decoder.decode(Value.self, from: Data(bytes))
        } catch {
            throw .unreadable("\(error)")
        }
    }

    static func encode(_ value: some Encodable) throws(BigQueryError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
