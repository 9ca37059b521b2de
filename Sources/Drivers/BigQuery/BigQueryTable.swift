import Foundation

/// A table as its owner wants it: partitioned by a day, clustered, read only with a filter on the day.
public struct BigQueryTable: Sendable {
    /// A column.
    public struct Field: Sendable, Equatable {
        public enum Mode: String, Sendable {
            case required = "REQUIRED"
            case nullable = "NULLABLE"
            case repeated = "REPEATED"
        }

        public let name: String
        /// As the API spells it: `STRING`, `INTEGER`, `NUMERIC`.
        public let type: String
        public let mode: Mode

        public init(name: String, type: String, mode: Mode) {
            self.name = name
            self.type = type
            self.mode = mode
        }

        /// As the API takes it.
        var resource: [String: Any] { ["name": name, "type": type, "mode": mode.rawValue] }
    }

    public let dataset: String
    public let name: String
    public let fields: [Field]
    /// The column of type DATE or TIMESTAMP whose day is a row's partition.
    public let partitionField: String
    public let clusterFields: [String]

    public init(
        dataset: String, name: String, fields: [Field], partitionField: String, clusterFields: [String]
    ) {
        self.dataset = dataset
        self.name = name
        self.fields = fields
        self.partitionField = partitionField
        self.clusterFields = clusterFields
    }

    /// The body of `tables.insert`, as a person can read it, too.
    public func definition(project: String) throws(BigQueryError) -> [UInt8] {
        try Self.json([
            "tableReference": ["projectId": project, "datasetId": dataset, "tableId": name],
            "schema": ["fields": fields.map { $0.resource }],
            "timePartitioning": ["type": "DAY", "field": partitionField],
            "requirePartitionFilter": true,
            "clustering": ["fields": clusterFields],
        ])
    }

    /// The body of `tables.patch` that adds what a table lacks, as NULLABLE columns; nil where it lacks nothing. What the table has stays as
    /// it is, whoever added it.
    func additions(to answer: [UInt8]) throws(BigQueryError) -> [UInt8]? {
        let found: [String: Any]
        do {
            found = try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] ?? [:]
        } catch {
            throw .unreadable("\(error)")
        }
        let there = (found["schema"] as? [String: Any])?["fields"] as? [[String: Any]] ?? []
        let types = Dictionary(
            there.map { (($0["name"] as? String ?? "").lowercased(), $0["type"] as? String ?? "") },
            uniquingKeysWith: { first, _ in first })
        var missing: [[String: Any]] = []
        for field in fields {
            guard let type = types[field.name.lowercased()] else {
                let mode: Field.Mode = field.mode == .repeated ? .repeated : .nullable
                missing.append(Field(name: field.name, type: field.type, mode: mode).resource)
                continue
            }
            guard Self.sameType(type, field.type) else {
                throw .refused(
                    status: 200, reason: "otherType",
                    message: "\(dataset).\(name).\(field.name) is of type \(type) and not \(field.type)")
            }
        }
        guard !missing.isEmpty else { return nil }
        return try Self.json(["schema": ["fields": there + missing]])
    }

    /// The API answers with either of two names of a type.
    private static func sameType(_ left: String, _ right: String) -> Bool {
        let names = ["INT64": "INTEGER", "BOOL": "BOOLEAN", "FLOAT64": "FLOAT"]
        return (names[left] ?? left) == (names[right] ?? right)
    }

    private static func json(_ value: [String: Any]) throws(BigQueryError) -> [UInt8] {
        do {
            return Array(
                try JSONSerialization.data(
                    withJSONObject: value, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]))
        } catch {
            throw .unreadable("\(error)")
        }
    }
}

extension BigQueryClient {
    /// Makes a dataset unless it is there.
    public func ensureDataset(_ name: String) async throws(BigQueryError) {
        let project = configuration.project
        var reference =
            #"{"datasetReference":{"projectId":\#(try Self.quoted(project)),"datasetId":\#(try Self.quoted(name))}"#
        if let location = configuration.location { reference += #","location":\#(try Self.quoted(location))"# }
        guard try await exists("datasets/\(OAuth1.encoded(name))") == nil else { return }
        try await create("datasets", Array((reference + "}").utf8))
    }

    /// Makes a table unless it is there, and adds the columns that it lacks.
    public func ensureTable(_ table: BigQueryTable) async throws(BigQueryError) {
        let tables = "datasets/\(OAuth1.encoded(table.dataset))/tables"
        let path = "\(tables)/\(OAuth1.encoded(table.name))"
        guard let found = try await exists(path) else {
            try await create(tables, try table.definition(project: configuration.project))
            return
        }
        guard let additions = try table.additions(to: found) else { return }
        try await send(.patch, path, body: additions, timeout: Self.exchangeTimeout)
    }

    /// What is there under a path; nil for nothing.
    private func exists(_ path: String) async throws(BigQueryError) -> [UInt8]? {
        do throws(BigQueryError) {
            return try await send(.get, path, timeout: Self.exchangeTimeout).body
        } catch .refused(status: 404, _, _) {
            return nil
        }
    }

    /// Another one may have made it meanwhile, and that is as good.
    private func create(_ path: String, _ body: [UInt8]) async throws(BigQueryError) {
        do throws(BigQueryError) {
            try await send(.post, path, body: body, timeout: Self.exchangeTimeout)
        } catch .refused(status: 409, _, _) {
            return
        }
    }

    static func quoted(_ text: String) throws(BigQueryError) -> String {
        String(decoding: try BigQueryJSON.encode(text), as: UTF8.self)
    }
}
