import Core
import Drivers
import Reference

/// The doors of the platform. A record keeps the name of the one it came through, in the spool too.
enum IngestDoor: String, CaseIterable {
    case cdr = "/ingest/v1/cdr"
    case vendorCDR = "/ingest/v1/vendor-cdr"
    case mdr = "/ingest/v1/mdr"
    case dlr = "/ingest/v1/dlr"
    case apiUsage = "/ingest/v1/api-usage"
    /// Any kind, told apart by `record_type`.
    case records = "/ingest/v1/records"
    /// Jasmin's own callbacks.
    case jasminMO = "/ingest/v1/jasmin/mo"
    case jasminDLR = "/ingest/v1/jasmin/dlr"
    /// What Kamailio left in Redis, of any kind.
    case redis = "redis"
    /// API usage of an outside service's table.
    case bigQuery = "bigquery"

    /// The doors that take JSON over HTTP.
    static let ofJSON: [IngestDoor] = [.cdr, .vendorCDR, .mdr, .dlr, .apiUsage, .records]

    /// The only kind it takes; nil takes all.
    var kind: RecordKind? {
        switch self {
        case .cdr: .cdr
        case .vendorCDR: .vendorCDR
        case .mdr, .jasminMO: .mdr
        case .dlr, .jasminDLR: .dlr
        case .apiUsage, .bigQuery: .api
        case .records, .redis: nil
        }
    }

    /// What a repeat need not share with the first: Jasmin sends its callbacks up to four times, and the stamp in them is ours.
    var incidentalFields: Set<String> {
        switch self {
        case .jasminMO, .jasminDLR: ["received_at"]
        case .cdr, .vendorCDR, .mdr, .dlr, .apiUsage, .records, .redis, .bigQuery: []
        }
    }

    /// Reads a record that came through this door.
    func read(_ element: JSONRecords.Element) throws(UnreadableRecord) -> RecordReading {
        try RecordReader.read(element, as: kind, leavingOut: incidentalFields)
    }
}
