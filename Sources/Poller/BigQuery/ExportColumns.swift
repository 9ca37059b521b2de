import Drivers

/// A column of a table in BigQuery: named as in PostgreSQL, with the same values.
struct ExportColumn: Sendable, Equatable {
    /// What its values are, and how they are written.
    enum Kind: String, Sendable {
        case string = "STRING"
        case integer = "INTEGER"
        /// Written as a text with the decimals that are stored, so that nothing makes a binary number of it.
        case numeric = "NUMERIC"
        case boolean = "BOOLEAN"
        case date = "DATE"
        case timestamp = "TIMESTAMP"
    }

    let name: String
    let kind: Kind
    let mode: BigQueryTable.Field.Mode

    var field: BigQueryTable.Field { .init(name: name, type: kind.rawValue, mode: mode) }
}

/// The columns of each table, in PostgreSQL's order: the one list of which the tables, the rows and docs/reference/bigquery-schema.md are made.
/// A column that is added later must be nullable, here and in PostgreSQL.
enum ExportColumns {
    private typealias Run = (mode: BigQueryTable.Field.Mode, kind: ExportColumn.Kind, names: [String])

    /// The batch that brought a row; BigQuery alone has it.
    static let batch = ExportColumn(name: "batch_id", kind: .string, mode: .required)

    /// What all rated usage begins with.
    private static let head: [Run] = [
        (.required, .string, ["id"]),
        (.required, .integer, ["rated_seq"]),
        (.required, .date, ["usage_day", "raw_day"]),
        (.required, .integer, ["raw_seq"]),
        (.required, .string, ["source"]),
        (.required, .timestamp, ["received_at", "rated_at"]),
        (.nullable, .string, ["corrects"]),
    ]

    static let call = list(
        head + [
            (.required, .string, ["sip_uuid"]),
            (.nullable, .string, ["sip_callid", "customer_id", "customer_ban"]),
            (.required, .string, ["status"]),
            (.repeated, .string, ["flags"]),
            (.nullable, .string, ["direction"]),
            (.required, .boolean, ["answered"]),
            (.required, .timestamp, ["rating_instant"]),
            (.nullable, .timestamp, ["start_stamp", "answer_stamp", "end_stamp"]),
            (.nullable, .integer, ["duration_ms", "billed_seconds"]),
            (
                .nullable, .string,
                [
                    "ani", "ani_kind", "ani_source", "ani_lrn", "ani_lrn_source", "ani_state", "ani_lata", "ani_ocn",
                    "ani_rate_center", "dni", "dni_kind", "dni_country", "dni_lrn", "dni_lrn_source", "dni_state",
                    "dni_lata", "dni_ocn", "dni_rate_center", "resporg", "cic", "ring_to",
                ]
            ),
            (.required, .string, ["jurisdiction", "tax_jurisdiction", "class_key"]),
            (.nullable, .string, ["sku", "rate_plan_id", "rate_prefix"]),
            (.nullable, .numeric, ["rate_per_minute"]),
            (.required, .numeric, ["charge"]),
            (.nullable, .string, ["vendor", "vendor_trunk", "vendor_rate_prefix"]),
            (.nullable, .numeric, ["vendor_rate"]),
            (.nullable, .integer, ["vendor_billed_seconds"]),
            (.nullable, .numeric, ["vendor_cost", "margin", "margin_percentage"]),
            (.required, .string, ["ref_version"]),
            (.nullable, .string, ["reverses"]),
        ])

    static let message = list(
        head + [
            (.required, .string, ["message_id"]),
            (.nullable, .string, ["customer_id", "customer_ban"]),
            (.required, .string, ["status"]),
            (.repeated, .string, ["flags"]),
            (.nullable, .string, ["direction", "message_status"]),
            (.required, .timestamp, ["rating_instant"]),
            (.nullable, .string, ["source_number", "destination_number", "country", "carrier", "encoding"]),
            (.required, .integer, ["units"]),
            (.required, .string, ["jurisdiction", "tax_jurisdiction", "class_key"]),
            (.nullable, .string, ["sku", "rate_plan_id", "rate_prefix"]),
            (.nullable, .numeric, ["rate", "surcharge"]),
            (.required, .numeric, ["charge"]),
            (.nullable, .string, ["vendor"]),
            (.nullable, .numeric, ["vendor_rate", "vendor_fee", "vendor_cost", "margin", "margin_percentage"]),
            (.required, .string, ["ref_version"]),
            (.nullable, .string, ["reverses"]),
        ])

    static let query = list(
        head + [
            (.required, .string, ["usage_id"]),
            (.nullable, .string, ["customer_id", "customer_ban"]),
            (.required, .string, ["status"]),
            (.repeated, .string, ["flags"]),
            (.nullable, .string, ["api", "query_status"]),
            (.required, .timestamp, ["rating_instant"]),
            (.required, .integer, ["units"]),
            (.required, .string, ["tax_jurisdiction", "class_key"]),
            (.nullable, .string, ["sku", "rate_plan_id"]),
            (.nullable, .numeric, ["rate"]),
            (.required, .numeric, ["charge"]),
            (.nullable, .string, ["vendor"]),
            (.nullable, .numeric, ["vendor_rate", "vendor_cost", "margin", "margin_percentage"]),
            (.required, .string, ["ref_version"]),
            (.nullable, .string, ["reverses"]),
        ])

    static let attempt = list([
        (.required, .string, ["id"]),
        (.required, .integer, ["vendor_cdr_seq"]),
        (.required, .date, ["usage_day", "raw_day"]),
        (.required, .integer, ["raw_seq"]),
        (.nullable, .string, ["customer_cdr_id"]),
        (.required, .string, ["sip_uuid"]),
        (.nullable, .string, ["sip_callid"]),
        (.required, .string, ["vendor_name"]),
        (.nullable, .string, ["vendor_trunk"]),
        (.required, .integer, ["attempt_number"]),
        (.nullable, .timestamp, ["start_stamp", "answer_stamp", "end_stamp"]),
        (.nullable, .string, ["disposition"]),
        (.nullable, .integer, ["sip_response_code", "pdd_ms"]),
        (.nullable, .numeric, ["mos_score", "packet_loss"]),
        (.nullable, .integer, ["jitter_ms", "latency_ms"]),
        (.nullable, .string, ["ani", "dni", "class_key", "rate_prefix"]),
        (.nullable, .integer, ["billed_seconds"]),
        (.nullable, .numeric, ["vendor_rate", "vendor_cost"]),
        (.repeated, .string, ["flags"]),
        (.required, .string, ["ref_version"]),
        (.required, .timestamp, ["created_at"]),
    ])

    private static func list(_ runs: [Run]) -> [ExportColumn] {
        runs.flatMap { run in run.names.map { ExportColumn(name: $0, kind: run.kind, mode: run.mode) } }
    }
}
