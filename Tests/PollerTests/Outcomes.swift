import Core
import Drivers

extension PollerWorld {
    /// Every outcome under its kind and key, by the names of the expectations.
    func outcomes() async throws -> [String: [String: String]] {
        var outcomes: [String: [String: String]] = [:]
        let rows = try await admin.query(
            """
            SELECT 'cdr ' || sip_uuid AS key, jsonb_strip_nulls(to_jsonb(rated)) AS row FROM billing.rated_cdr AS rated
            UNION ALL
            SELECT 'mdr ' || message_id, jsonb_strip_nulls(to_jsonb(rated)) FROM billing.rated_mdr AS rated
            UNION ALL
            SELECT 'api ' || usage_id, jsonb_strip_nulls(to_jsonb(rated)) FROM billing.rated_api_usage AS rated
            UNION ALL
            SELECT 'vendor-cdr ' || sip_uuid || '|' || attempt_number,
                jsonb_strip_nulls(to_jsonb(attempt)) || '{"status":"attempt"}'
            FROM billing.vendor_cdr AS attempt
            UNION ALL
            SELECT CASE kind WHEN 'raw_cdr' THEN 'cdr ' WHEN 'raw_mdr' THEN 'mdr ' WHEN 'raw_api_usage' THEN 'api '
                    ELSE 'vendor-cdr ' END || natural_key || CASE WHEN conflicts_with IS NULL THEN '' ELSE '|conflict' END,
                jsonb_strip_nulls(evidence) || jsonb_build_object('status', status, 'flags', flags)
            FROM billing.unrated_usage
            """)
        for row in rows {
            let text: String = try row.value("row")
            var columns: [String: String] = [:]
            for field in try JSONValue(parsing: text).fields ?? [] {
                switch field.value {
                case .string(let text), .number(let text):
                    columns[field.name] = field.name == "rating_instant" ? Instant(parsing: text)?.text : text
                case .array(let elements):
                    columns[field.name] = elements.compactMap(\.string).joined(separator: ",")
                case .null, .bool, .object: break
                }
            }
            outcomes[try row.value("key")] = columns
        }
        return outcomes
    }
}
