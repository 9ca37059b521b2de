/// A query in GoogleSQL with named parameters: `… WHERE at >= @from`.
public struct BigQueryQuery: Sendable {
    /// A parameter's value, as text of its type.
    public struct Parameter: Sendable {
        public enum Kind: String, Sendable {
            case string = "STRING"
            case integer = "INT64"
            /// `2026-11-01T00:00:00.000000Z`
            case timestamp = "TIMESTAMP"
            /// `2026-11-01`
            case date = "DATE"
        }

        let name: String
        let kind: Kind
        let value: String

        /// A parameter that the text names `@name`.
        public init(_ name: String, _ kind: Kind, _ value: String) {
            self.name = name
            self.kind = kind
            self.value = value
        }
    }

    let text: String
    let parameters: [Parameter]
    /// The most rows of a page.
    let pageRows: Int

    public init(_ text: String, _ parameters: [Parameter], pageRows: Int) {
        self.text = text
        self.parameters = parameters
        self.pageRows = pageRows
    }

    /// The body of `jobs.query`.
    func body(location: String?, timeout: Duration) -> QueryRequest {
        QueryRequest(
            query: text, location: location, maxResults: pageRows, timeoutMs: Int(timeout.wholeMilliseconds),
            queryParameters: parameters.map {
                QueryRequest.Parameter(
                    name: $0.name, parameterType: .init(type: $0.kind.rawValue), parameterValue: .init(value: $0.value))
            })
    }
}

/// `QueryRequest` of the API.
struct QueryRequest: Encodable {
    struct Parameter: Encodable {
        struct Kind: Encodable { let type: String }
        struct Value: Encodable { let value: String }
        let name: String
        let parameterType: Kind
        let parameterValue: Value
    }
    struct Format: Encodable { var useInt64Timestamp = true }

    let query: String
    let location: String?
    let maxResults: Int
    let timeoutMs: Int
    let queryParameters: [Parameter]
    var useLegacySql = false
    var parameterMode = "NAMED"
    /// Without it a TIMESTAMP is a floating point number of seconds.
    var formatOptions = Format()

    func encoded() throws(BigQueryError) -> [UInt8] { try BigQueryJSON.encode(self) }
}
