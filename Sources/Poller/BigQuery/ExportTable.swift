import Core
import DaemonKit
import Drivers
import Reference

/// A table of facts that BigQuery holds, too, under the same name.
enum ExportTable: String, CaseIterable, Sendable {
    case calls = "rated_cdr"
    case messages = "rated_mdr"
    case queries = "rated_api_usage"
    case attempts = "vendor_cdr"

    /// The columns that PostgreSQL has as well.
    var columns: [ExportColumn] {
        switch self {
        case .calls: ExportColumns.call
        case .messages: ExportColumns.message
        case .queries: ExportColumns.query
        case .attempts: ExportColumns.attempt
        }
    }

    /// The table in PostgreSQL.
    var source: String { "billing.\(rawValue)" }

    /// The column whose numbers order the rows: a batch is all rows of a range of them.
    var sequence: String { self == .attempts ? "vendor_cdr_seq" : "rated_seq" }

    /// The kind of facts whose commit horizon bounds what may be loaded (M2).
    var horizon: Horizon { Horizon(self == .attempts ? "vendor_cdr" : "rated") }

    /// What is summed up when both stores are compared.
    var amount: String { self == .attempts ? "vendor_cost" : "charge" }

    /// The word of `rated_spans`; attempts have no spans.
    var service: String? {
        switch self {
        case .calls: RawKind.call.serviceOfSpans
        case .messages: RawKind.message.serviceOfSpans
        case .queries: RawKind.query.serviceOfSpans
        case .attempts: nil
        }
    }

    /// By what BigQuery sorts within a day: what questions about usage name first.
    private var clustering: [String] {
        switch self {
        case .calls, .messages: ["customer_ban", "class_key"]
        case .queries: ["customer_ban", "api"]
        case .attempts: ["vendor_name", "class_key"]
        }
    }

    /// The table as BigQuery should have it.
    func definition(dataset: String) -> BigQueryTable {
        BigQueryTable(
            dataset: dataset, name: rawValue, fields: (columns + [ExportColumns.batch]).map { $0.field },
            partitionField: "usage_day", clusterFields: clustering)
    }

    /// How far it has been cut into batches.
    var progress: Progress { Progress(table: "billing.poller_progress", source: "bigquery:\(rawValue)") }

    /// Tells versions of the rows' format apart: a batch has the same bytes as long as this is the same.
    var format: String {
        let names = columns.map { "\($0.name) \($0.kind.rawValue) \($0.mode.rawValue)" }.joined(separator: ",")
        return Digest.hex(Array(Digest.sha256("1 \(names)").prefix(8)))
    }
}
