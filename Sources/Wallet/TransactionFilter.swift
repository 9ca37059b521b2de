import Core
import DaemonKit
import Drivers
import Hummingbird
import LedgerAudit

/// Which of a customer's transactions are asked for.
struct TransactionFilter: Sendable {
    let type: LedgerEntry.Kind?
    /// From this instant on.
    let from: Instant?
    /// Before this instant.
    let to: Instant?
    let referenceType: ReferenceType?
    let referenceID: String?

    /// What a transaction may be about.
    enum ReferenceType: String, CaseIterable {
        case cdr, mdr, api, invoice, payment, adjustment
    }

    /// The days that may be asked for: all that a ledger can hold, and what PostgreSQL can compare.
    private static let days = (first: "1970-01-01", last: "2199-12-31")
    private static let longestReference = 100

    /// `type=&from=&to=&reference_type=&reference_id=`, each as it likes. A day in `to` belongs to what is asked for, to its end.
    /// - Throws: 422 that names the parameter.
    init(_ request: Request) throws(APIError) {
        type = try request.choice("type", LedgerEntry.Kind.self)
        from = try Self.instant("from", of: request)
        to = try Self.instant("to", of: request, isEnd: true)
        referenceType = try request.choice("reference_type", ReferenceType.self)
        referenceID = request.uri.queryParameters["reference_id"].map(String.init)
        if let from, let to, to <= from {
            throw .invalid(pointer: "/to", reason: "OUT_OF_RANGE", detail: "to lies behind from")
        }
        guard let referenceID else { return }
        guard referenceType != nil else {
            throw .invalid(
                pointer: "/reference_type", reason: "MISSING_FIELD", detail: "reference_id goes with reference_type")
        }
        guard (1...Self.longestReference).contains(referenceID.utf8.count), !referenceID.utf8.contains(0) else {
            throw .invalid(
                pointer: "/reference_id", reason: "OUT_OF_RANGE",
                detail: "reference_id has 1 to \(Self.longestReference) bytes")
        }
    }

    /// The rows of one customer that it lets through. Types are written out and not bound, each a statement of its own: only so does PostgreSQL know that
    /// the index of what is no usage holds all of them.
    func condition(on customer: CustomerID) -> SQL {
        var condition: SQL = "customer_id = \(customer)"
        if let type { condition = "\(condition) AND type = \(Self.literal(type))" }
        if let from { condition = "\(condition) AND created_at >= \(from)::timestamptz" }
        if let to { condition = "\(condition) AND created_at < \(to)::timestamptz" }
        if let referenceType { condition = "\(condition) AND reference_type = \(Self.literal(referenceType))" }
        if let referenceID { condition = "\(condition) AND reference_id = \(referenceID)" }
        return condition
    }

    private static func literal(_ name: some RawRepresentable<String>) -> SQL { SQL(verbatim: "'\(name.rawValue)'") }

    /// An instant, or the beginning of a UTC day; with `isEnd` its end.
    private static func instant(
        _ name: String, of request: Request, isEnd: Bool = false
    ) throws(APIError) -> Instant? {
        guard let text = request.uri.queryParameters[Substring(name)] else { return nil }
        let instant =
            UsageDay(parsing: text).map { (isEnd ? $0.advanced(days: 1) : $0).startUTC } ?? Instant(parsing: text)
        guard let instant else {
            throw .invalid(
                pointer: "/\(name)", reason: "BAD_TIMESTAMP",
                detail: "\(name) is a day such as 2026-11-22 or an instant such as 2026-11-22T15:04:05Z")
        }
        guard let first = UsageDay(parsing: days.first), let last = UsageDay(parsing: days.last),
            (first.startUTC...last.advanced(days: 1).startUTC).contains(instant)
        else {
            throw .invalid(
                pointer: "/\(name)", reason: "OUT_OF_RANGE", detail: "\(name) lies from \(days.first) to \(days.last)")
        }
        return instant
    }
}

extension Request {
    /// One of the names of an enumeration; nil where it is absent.
    /// - Throws: 422 that lists them.
    fileprivate func choice<Name: RawRepresentable<String> & CaseIterable>(
        _ parameter: String, _ names: Name.Type
    ) throws(APIError) -> Name? {
        guard let text = uri.queryParameters[Substring(parameter)] else { return nil }
        guard let name = Name(rawValue: String(text)) else {
            throw .invalid(
                pointer: "/\(parameter)", reason: "BAD_TYPE",
                detail: "\(parameter) is one of \(Name.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return name
    }
}
