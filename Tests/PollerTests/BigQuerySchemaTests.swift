import Foundation
import TestSupport
import Testing

@testable import Poller

@Suite("BigQuery's tables", .needsPostgres)
struct BigQuerySchemaTests {
    @Test("they have PostgreSQL's columns, none more and none less, of the type that holds the same values")
    func columns() async throws {
        try await PollerWorld.with(reference: false) { world in
            for table in ExportTable.allCases {
                let stored = try await world.texts(
                    """
                    SELECT concat_ws(' ', column_name, CASE data_type
                        WHEN 'uuid' THEN 'STRING' WHEN 'text' THEN 'STRING' WHEN 'character varying' THEN 'STRING'
                        WHEN 'ARRAY' THEN 'STRING' WHEN 'bigint' THEN 'INTEGER' WHEN 'integer' THEN 'INTEGER'
                        WHEN 'numeric' THEN 'NUMERIC' WHEN 'boolean' THEN 'BOOLEAN' WHEN 'date' THEN 'DATE'
                        WHEN 'timestamp with time zone' THEN 'TIMESTAMP' END,
                        CASE WHEN data_type = 'ARRAY' THEN 'REPEATED' WHEN is_nullable = 'NO' THEN 'REQUIRED'
                        ELSE 'NULLABLE' END)
                    FROM information_schema.columns
                    WHERE table_schema = 'billing' AND table_name = \(table.rawValue)
                    """)
                let exported = table.columns.map { "\($0.name) \($0.kind.rawValue) \($0.mode.rawValue)" }
                #expect(Set(exported) == Set(stored), "\(table.rawValue)")
            }
        }
    }

    @Test("docs/reference/bigquery-schema.md lists them; UPDATE_GOLDEN=1 writes it anew")
    func page() throws {
        let file = URL(filePath: TestDatabase.repositoryRoot).appending(path: "docs/reference/bigquery-schema.md")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(Self.text.utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == Self.text)
    }

    private static var text: String {
        var text = """
            # BigQuery's tables

            Made and filled by the poller where `bigquery.project` is set; [the guide](../integrations/bigquery.md) says how. Tables, columns and values are
            PostgreSQL's, [described there](tables.md); `batch_id` names the load that brought a row. Partitioned by `usage_day`: every query must bound
            it. `poller bigquery schema` prints the same as JSON. A test writes this page.

            """
        for table in ExportTable.allCases {
            let definition = table.definition(dataset: "billing")
            text += """

                ## `\(table.rawValue)`

                Clustered by \(definition.clusterFields.map { "`\($0)`" }.joined(separator: ", ")).

                | column | type | mode |
                | --- | --- | --- |

                """
            for field in definition.fields { text += "| `\(field.name)` | \(field.type) | \(field.mode.rawValue) |\n" }
        }
        return text
    }
}
