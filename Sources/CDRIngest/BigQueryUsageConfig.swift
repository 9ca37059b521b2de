import DaemonKit
import Drivers

/// The keys of API usage that an outside service keeps in a BigQuery table.
enum BigQueryUsageConfig {
    /// The table; without it nothing is fetched.
    static let table = ConfigKey.optionalText(
        "bigquery.usageTable",
        help: "The table from which API usage is fetched, dataset.table or project.dataset.table; without it none is.")
    /// Under which the rows are kept.
    static let source = ConfigKey.text(
        "bigquery.usageSource", default: "bigquery", help: "The name of the source under which the rows are kept.")
    /// What makes a row one of its kind.
    static let idColumn = ConfigKey.text(
        "bigquery.idColumn", default: "id", help: "The column with the id of a query: its natural key.")
    /// When it happened.
    static let timeColumn = ConfigKey.text(
        "bigquery.timeColumn", default: "at",
        help: "The column, a TIMESTAMP, with the instant of a query; the table is partitioned by it.")
    /// What else is read.
    static let columns = ConfigKey.list(
        "bigquery.columns", default: ["customer_ban", "api", "quantity", "status", "vendor"],
        help:
            "The other columns that are read, each as column or as field=column where the record's field has another name."
    )
    /// How late a row may come.
    static let lookbackDays = ConfigKey.integer(
        "bigquery.lookbackDays", default: 3, in: 1...395,
        help: "How many days late a row may come and still be found; the first pass begins so many days ago.")
    /// How often late rows are looked for.
    static let lateEverySeconds = ConfigKey.integer(
        "bigquery.lateEverySeconds", default: 600, in: 1...86_400,
        help: "Seconds between looks for rows that came late.")
    /// How long rows are given to arrive in order.
    static let settleSeconds = ConfigKey.integer(
        "bigquery.settleSeconds", default: 60, in: 0...3_600,
        help: "How old a row must be before it is read: rows that come within this time are not late.")
    /// Rows of a page.
    static let pageRows = ConfigKey.integer(
        "bigquery.pageRows", default: 2_000, in: 1...20_000, help: "The most rows of one page, which is one commit.")
    /// How often new rows are asked for.
    static let everySeconds = ConfigKey.integer(
        "bigquery.everySeconds", default: 60, in: 1...86_400, help: "Seconds between looks for new rows.")

    static let keys =
        BigQueryAccess.keys
        + ConfigKeys(
            table, source, idColumn, timeColumn, columns, lookbackDays, lateEverySeconds, settleSeconds, pageRows,
            everySeconds
        ) { config in
            guard config[table] != nil else { return [] }
            do throws(ConfigFault) {
                _ = try usageTable(config)
                _ = try BigQueryAccess.credentials(config)
                return []
            } catch {
                return [error]
            }
        }

    /// The table as the configuration describes it; nil where there is none.
    static func usageTable(_ config: Config) throws(ConfigFault) -> BigQueryUsageTable? {
        guard let name = config[table] else { return nil }
        guard config[BigQueryAccess.project] != nil else {
            throw ConfigFault(key: "bigquery.project", problem: "is required")
        }
        var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, let project = config[BigQueryAccess.project] { parts.insert(project, at: 0) }
        guard parts.count == 3, parts.allSatisfy(isName) else {
            throw ConfigFault(
                key: "bigquery.usageTable", problem: "'\(name)' is neither dataset.table nor project.dataset.table")
        }
        return BigQueryUsageTable(
            name: parts.joined(separator: "."), idColumn: try column(config[idColumn], of: "bigquery.idColumn"),
            timeColumn: try column(config[timeColumn], of: "bigquery.timeColumn"), fields: try fields(config[columns]))
    }

    private static func fields(_ texts: [String]) throws(ConfigFault) -> [BigQueryUsageTable.Field] {
        var fields: [BigQueryUsageTable.Field] = []
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let name = parts.first, let last = parts.last else { continue }
            fields.append(
                BigQueryUsageTable.Field(
                    name: try column(name, of: "bigquery.columns"), column: try column(last, of: "bigquery.columns")))
        }
        let names = fields.map(\.name) + BigQueryUsageTable.ownFields
        guard Set(names).count == names.count else {
            throw ConfigFault(
                key: "bigquery.columns",
                problem: "names a field twice, or one of \(BigQueryUsageTable.ownFields.joined(separator: ", "))")
        }
        return fields
    }

    /// Names go into the query's text, so nothing but names may be among them.
    private static func column(_ text: String, of key: String) throws(ConfigFault) -> String {
        guard isName(text), !text.contains("-") else { throw ConfigFault(key: key, problem: "'\(text)' is no column") }
        return text
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 300
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
