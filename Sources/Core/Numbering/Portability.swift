/// Ported numbers with their routing numbers over time: 16 bytes a row, sorted, so that a mapped file can hold the same rows.
public struct PortedNumbers: Sendable {
    /// One port.
    public struct Port: Hashable, Sendable {
        public let number: NationalNumber
        public let lrn: NationalNumber
        /// From when on the routing number holds.
        public let activated: Instant

        /// A port.
        public init(number: NationalNumber, lrn: NationalNumber, activated: Instant) {
            self.number = number
            self.lrn = lrn
            self.activated = activated
        }
    }

    /// Number (34 bits) and the upper 30 bits of the activation, so that rows sort by number, then time.
    private var keys: [UInt64] = []
    /// Routing number (34 bits) and the rest of the activation.
    private var values: [UInt64] = []
    /// First row of each area code and exchange's first digit: 10,000 buckets.
    private var firsts: [UInt32] = []

    /// The ports in any order; of two with the same number and instant the later in order counts.
    public init(_ ports: [Port] = []) {
        var rows: [(key: UInt64, value: UInt64)] = []
        rows.reserveCapacity(ports.count)
        for port in ports {
            let time = PortedNumbers.time(port.activated)
            rows.append((port.number.digits << 30 | time >> 12, port.lrn.digits << 12 | time & 0xFFF))
        }
        rows.sort { ($0.key, $0.value & 0xFFF) < ($1.key, $1.value & 0xFFF) }
        keys = rows.map(\.key)
        values = rows.map(\.value)
        var row = 0
        firsts = (0...10_000).map { bucket in
            while row < keys.count, keys[row] >> 30 / 1_000_000 < bucket { row += 1 }
            return UInt32(row)
        }
    }

    /// How many ports there are.
    public var count: Int { keys.count }

    /// The routing number in force at an instant: the latest port activated by then. Without an instant the latest of all.
    public func lrn(of number: NationalNumber, at instant: Instant?) -> NationalNumber? {
        let time = instant.map(PortedNumbers.time) ?? UInt64(1) << 42 - 1
        let key = number.digits << 30 | time >> 12
        let bucket = Int(number.digits / 1_000_000)
        var lower = Int(firsts[bucket])
        var upper = Int(firsts[bucket + 1])
        while lower < upper {
            let middle = (lower + upper) / 2
            if keys[middle] < key || keys[middle] == key && values[middle] & 0xFFF <= time & 0xFFF {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        guard lower > Int(firsts[bucket]), keys[lower - 1] >> 30 == number.digits else { return nil }
        return NationalNumber(digits: values[lower - 1] >> 12)
    }

    /// Milliseconds since 1970 in 42 bits (until 2109); earlier is 0, later the largest.
    private static func time(_ instant: Instant) -> UInt64 {
        UInt64(min(max(instant.milliseconds, 0), 1 << 42 - 1))
    }
}

/// What a dip of the number portability database answered (rule E2).
public enum LRNAnswer: Hashable, Sendable {
    /// Ported to the carrier of this routing number.
    case ported(NationalNumber)
    /// Not ported: the number routes itself.
    case notPorted
    /// No answer for so long that the record goes on without one.
    case timedOut
}
