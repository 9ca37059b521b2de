import Core
import Drivers
import Reference

/// The records of a file of calls, in bodies of at most 64 KB as they travel.
struct BenchRecords: Sendable {
    /// Lines of JSON, each body whole lines.
    let bodies: [[UInt8]]

    /// The most bytes of a body.
    private static let bodySize = 65_536

    init(path: String) throws {
        var bodies: [[UInt8]] = []
        try MappedFile(path: path).withBytes { bytes in
            var start = 0
            while start < bytes.count {
                var end = min(start + BenchRecords.bodySize, bytes.count)
                while end > start, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
                bodies.append(Array(bytes[start..<end]))
                start = end
            }
        }
        self.bodies = bodies
    }

    /// All records, parsed.
    func calls() throws -> [RawCDR] {
        var calls: [RawCDR] = []
        try forEachCall { calls.append($0) }
        return calls
    }

    /// Parses and hands over each record.
    func forEachCall(_ body: (RawCDR) -> Void) throws {
        let id = UsageID(Identifier128(high: 1, low: 1))
        for bytes in bodies {
            for element in try JSONRecords(parsing: bytes) {
                let record = try RecordReader.record(.cdr, element, id: id)
                switch consume record {
                case .call(let call): body(call)
                case .attempt, .message, .receipt, .query: break
                }
            }
        }
    }
}

/// What came out of rating many records: nothing of it can be left away, and two ways to the same records must agree.
struct Tally: Equatable, Sendable {
    private(set) var records = 0
    private(set) var rated = 0
    private(set) var charges = Money.zero
    private(set) var costs = Money.zero
    /// Records with flags.
    private(set) var flags = 0

    init() {}

    /// Rates calls, where they stand: iterating would copy each.
    init(of calls: Span<RawCDR>, by snapshot: RatingSnapshot) {
        calls.withUnsafeBufferPointer { calls in
            for place in calls.indices { add(snapshot.rate(calls[place])) }
        }
    }

    mutating func add(_ usage: RatedUsage) {
        records += 1
        if usage.status == .rated { rated += 1 }
        charges = charges + (usage.charge ?? .zero)
        costs = costs + (usage.vendorCost ?? .zero)
        flags += usage.flags.isEmpty ? 0 : 1
    }

    mutating func add(_ other: Tally) {
        records += other.records
        rated += other.rated
        charges = charges + other.charges
        costs = costs + other.costs
        flags += other.flags
    }

    /// `1000000 records, 553120 rated, charges 41250.12345`
    var text: String { "\(records) records, \(rated) rated, charges \(charges.text(.charge))" }
}
