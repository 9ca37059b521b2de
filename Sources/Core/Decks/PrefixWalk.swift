/// Longest matches of ascending prefixes in the rows of a sheet that are in force on a day: each look-up moves on, none searches.
struct PrefixWalk {
    /// Keys of the rows in force, ascending, and their places in the sheet.
    private let keys: [UInt64]
    private let places: [UInt32]
    private var next = 0
    /// Rows whose prefix begins the last one asked for, the shortest first.
    private var open: [Int] = []

    init(_ sheet: RateSheet, on day: UsageDay) {
        var keys: [UInt64] = []
        var places: [UInt32] = []
        keys.reserveCapacity(sheet.rows.count)
        places.reserveCapacity(sheet.rows.count)
        for (place, row) in sheet.rows.enumerated() where row.isInForce(on: day) {
            // Of a prefix's rows in force the last took effect last.
            if keys.last == row.key {
                places[places.count - 1] = UInt32(place)
            } else {
                keys.append(row.key)
                places.append(UInt32(place))
            }
        }
        self.keys = keys
        self.places = places
    }

    /// The places in the sheet of the rows in force, in order.
    var rows: [UInt32] { places }

    /// The place of the row whose prefix is the longest that begins this one; the keys asked for never descend.
    mutating func match(_ key: UInt64) -> Int? {
        while next < keys.count, keys[next] <= key {
            close(before: keys[next])
            open.append(next)
            next += 1
        }
        close(before: key)
        return open.last.map { Int(places[$0]) }
    }

    private mutating func close(before key: UInt64) {
        while let last = open.last, !Prefix.key(keys[last], begins: key) { open.removeLast() }
    }
}

extension Prefix {
    /// Whether the prefix of one key begins that of another, in the same scope.
    static func key(_ short: UInt64, begins long: UInt64) -> Bool {
        let (length, other) = (Int(short & 15), Int(long & 15))
        guard length <= other, short & RateSheet.internationalBit == long & RateSheet.internationalBit else {
            return false
        }
        let unit = Prefix.units[length]
        return (short & ~RateSheet.internationalBit) >> 4 / unit == (long & ~RateSheet.internationalBit) >> 4 / unit
    }

    /// What the last digit of a prefix of so many digits counts in a key's digits.
    private static let units = (0...places).map { UInt64(FixedPoint.powerOfTen(places - $0)) }

    /// The first digits of it.
    func leading(_ length: Int) -> Prefix {
        let unit = UInt64(FixedPoint.powerOfTen(Prefix.places - length))
        return Prefix(digits: (key >> 4) / unit, length: length)
    }

    /// Its digits as a number.
    var digits: UInt64 { (key >> 4) / UInt64(FixedPoint.powerOfTen(Prefix.places - length)) }
}
