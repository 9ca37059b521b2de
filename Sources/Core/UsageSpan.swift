/// The tables whose rows carry numbers of a sequence, and whose commits ring a doorbell.
public enum FactKind: String, Sendable, CaseIterable {
    case rawCDR = "raw_cdr"
    case rawVendorCDR = "raw_vendor_cdr"
    case rawMDR = "raw_mdr"
    case rawAPIUsage = "raw_api_usage"
    case ratedCDR = "rated_cdr"
    case ratedMDR = "rated_mdr"
    case ratedAPIUsage = "rated_api_usage"

    /// The stream on which its commits are announced.
    public var stream: StreamName {
        switch self {
        case .rawCDR: .rawCDR
        case .rawVendorCDR: .rawVendorCDR
        case .rawMDR: .rawMDR
        case .rawAPIUsage: .rawAPI
        case .ratedCDR, .ratedMDR, .ratedAPIUsage: .ratedUsage
        }
    }
}

/// A run of numbers that one commit drew for one table and usage day: all a stream entry says (M4). The rows are read from the
/// table, so Redis holds no second copy of them, and a repeat or a lost entry is harmless.
public struct UsageSpan: Hashable, Sendable {
    /// The table.
    public var kind: FactKind
    /// The partition.
    public var day: UsageDay
    /// The first number, inclusive.
    public var first: Int64
    /// The last number, inclusive.
    public var last: Int64

    /// A run of numbers, both ends inclusive.
    public init(kind: FactKind, day: UsageDay, first: Int64, last: Int64) {
        precondition(first <= last, "a span holds at least one number")
        self.kind = kind
        self.day = day
        self.first = first
        self.last = last
    }

    /// How many numbers it holds.
    public var count: Int { Int(last - first) + 1 }
}

extension UsageSpan {
    /// Why the body of an entry names no spans.
    public struct ParsingError: Error, Hashable, Sendable {
        /// A sentence.
        public let message: String
    }

    /// The exact runs of what a commit wrote into a table: numbers without a gap, on one day. Any order.
    public static func runs(kind: FactKind, of rows: some Sequence<(day: UsageDay, number: Int64)>) -> [UsageSpan] {
        var spans: [UsageSpan] = []
        for row in rows.sorted(by: { ($0.day, $0.number) < ($1.day, $1.number) }) {
            if let last = spans.last, last.day == row.day, last.last + 1 == row.number {
                spans[spans.count - 1].last = row.number
            } else {
                spans.append(UsageSpan(kind: kind, day: row.day, first: row.number, last: row.number))
            }
        }
        return spans
    }

    /// `{"kind":"raw_cdr","day":"2026-11-22","first":101,"last":150,"count":50}`: one element of an entry's body.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.object { writer in
            writer.field("kind", kind.rawValue)
            writer.field("day", day.text)
            writer.field("first", first)
            writer.field("last", last)
            writer.field("count", count)
        }
        return writer.bytes
    }

    /// The spans of an entry's body, a JSON array of them.
    public static func parse(body: some Sequence<UInt8>) throws(ParsingError) -> [UsageSpan] {
        let document: JSONValue
        do throws(JSONValue.ParsingError) {
            document = try JSONValue(parsing: body)
        } catch {
            throw ParsingError(message: "not JSON: \(error.message) at byte \(error.offset)")
        }
        guard let elements = document.elements else { throw ParsingError(message: "not an array of spans") }
        var spans: [UsageSpan] = []
        for element in elements {
            guard let kind = element["kind"]?.string.flatMap(FactKind.init),
                let day = element["day"]?.string.flatMap({ UsageDay(parsing: $0) }),
                let first = element["first"]?.integer, let last = element["last"]?.integer, first <= last
            else { throw ParsingError(message: "a span has no known kind, no day, or no numbers in order") }
            spans.append(UsageSpan(kind: kind, day: day, first: Int64(first), last: Int64(last)))
        }
        return spans
    }
}
