import Core
import Drivers
import Reference

/// Rates the attempt in a raw row by its call.
typealias AttemptRating = @Sendable (_ row: RawRow, _ call: RatedCall) throws -> StoredAttempt

/// What an attempt takes from its call (M10): who called whom, and what kind of call it was. A call that is parked gives it
/// too: the vendor bills us either way, and an unrated call has a vendor's cost as a rated one has.
struct RatedCall: Sendable, Hashable {
    /// The call's raw row.
    let id: UsageID
    let usage: RatedUsage

    init(_ usage: RatedUsage) {
        id = usage.id
        self.usage = usage
    }

    /// The call of these fields, named as in `rated_cdr` and in the evidence of parked calls.
    init(id: UsageID, field: (String) throws -> String?) rethrows {
        self.id = id
        var call = CallEvidence()
        call.direction = try field("direction").flatMap(CallDirection.init(rawValue:))
        call.ani = try field("ani").flatMap { PhoneNumber(parsing: $0) }
        call.dnis = try field("dni").flatMap { DialledNumber(stored: $0) }
        call.dnisKind = try field("dni_kind").flatMap(NumberKind.init) ?? .missing
        call.dnisParty.lrn = try field("dni_lrn").flatMap { NationalNumber(parsing: $0) }
        call.jurisdiction = try field("jurisdiction").flatMap(Jurisdiction.init) ?? .invalid
        var usage = RatedUsage(id: id, key: "", service: .voice, refVersion: "", evidence: .call(call))
        usage.status = try field("status").flatMap(UsageStatus.init) ?? .held
        usage.taxJurisdiction = try field("tax_jurisdiction").flatMap(TaxJurisdiction.init) ?? .none
        usage.classKey = try field("class_key").map { ClassKey($0) }
        usage.ratingInstant = try field("usage_date").flatMap { UsageDay(parsing: $0) }?.startUTC
        self.usage = usage
    }

    /// The id of the call that an attempt belongs to.
    static func id(sipUUID: String) -> UsageID {
        UsageID(RecordReader.id(.cdr, naturalKey: sipUUID))
    }
}

extension StoredAttempt {
    /// An attempt of a call, with its expected cost by the vendor's terms.
    init(_ attempt: VendorAttempt, in row: RawRow, of call: RatedCall, tables: RatingTables) {
        let price = tables.vendorPrice(of: attempt, call: call.usage)
        self.init(alone: attempt, in: row, refVersion: tables.version)
        callID = call.id
        ani = call.usage.call?.ani?.text
        dni = call.usage.call?.dnis?.text
        classKey = call.usage.classKey
        ratePrefix = price.prefix
        billedSeconds = price.billedSeconds
        rate = price.rate
        cost = price.cost
        flags = .none
        if price.isWithoutRate { flags.insert(.noVendorRate) }
        if price.isOverflow { flags.insert(.amountOverflow) }
    }

    /// An attempt whose call never came (rule Q1).
    init(alone attempt: VendorAttempt, in row: RawRow, refVersion: String) {
        self.init(row: row, attempt: attempt, flags: [.noCall], refVersion: refVersion)
    }
}

extension DialledNumber {
    /// A number or code as `DialledNumber.text` wrote it.
    init?(stored text: String) {
        if let number = PhoneNumber(parsing: text) {
            self = .number(number)
        } else if let code = UInt32(text) {
            self = .code(code)
        } else {
            return nil
        }
    }
}

/// Finds the calls that attempts belong to, rated or parked.
struct CallLookup: Sendable {
    let pool: PostgresPool

    /// A call's day may differ from its attempt's: an attempt begins after its call, a call may last a day.
    private static let daysBefore = 2
    private static let daysAfter = 1

    /// The calls with an outcome, by id. One that waits for a portability service has none yet.
    func calls(_ ids: Set<UsageID>, around days: some Collection<UsageDay>) async throws -> [UsageID: RatedCall] {
        guard let sql = Self.query(ids, around: days) else { return [:] }
        return try Self.calls(in: try await pool.query(sql))
    }

    /// The same, asked by `ask`: inside a transaction.
    static func calls(
        _ ids: Set<UsageID>, around days: some Collection<UsageDay>, ask: (SQL) throws -> PostgresRows
    ) throws -> [UsageID: RatedCall] {
        guard let sql = query(ids, around: days) else { return [:] }
        return try calls(in: try ask(sql))
    }

    private static func query(_ ids: Set<UsageID>, around days: some Collection<UsageDay>) -> SQL? {
        guard let first = days.min(), let last = days.max() else { return nil }
        let wanted = Array(ids)
        return """
            SELECT call.id, call.status, call.direction, call.ani, call.dni, call.dni_kind, call.dni_lrn, call.jurisdiction,
                call.tax_jurisdiction, call.class_key, call.usage_day::text AS usage_date
            FROM unnest(\(wanted)) AS wanted (id)
            JOIN billing.rated_cdr AS call ON call.id = wanted.id
            WHERE call.usage_day BETWEEN \(first.advanced(days: -Self.daysBefore))
                AND \(last.advanced(days: Self.daysAfter))
            UNION ALL
            SELECT parked.id, parked.status, parked.evidence->>'direction', parked.evidence->>'ani', parked.evidence->>'dni',
                parked.evidence->>'dni_kind', parked.evidence->>'dni_lrn', parked.evidence->>'jurisdiction',
                parked.evidence->>'tax_jurisdiction', parked.evidence->>'class_key', parked.evidence->>'usage_date'
            FROM unnest(\(wanted)) AS wanted (id)
            JOIN billing.unrated_usage AS parked ON parked.kind = 'raw_cdr' AND parked.id = wanted.id
            WHERE parked.resolved_at IS NULL AND parked.status <> 'waiting'
            """
    }

    private static func calls(in rows: PostgresRows) throws -> [UsageID: RatedCall] {
        var calls: [UsageID: RatedCall] = [:]
        for row in rows {
            let id: UsageID = try row.value("id")
            calls[id] = try RatedCall(id: id) { try row.value($0) }
        }
        return calls
    }
}
