public import Core
public import Drivers
public import Foundation
import Glibc

// Core's values as PostgreSQL's: Core knows no database and Drivers no money, so they meet here. Amounts, instants and
// days go as text or integers, digit by digit.

extension Identifier128: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .uuid }
    public var postgresText: String? { text }
    public static func postgresBinary(_ values: [Identifier128]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .uuid, width: 16, count: values.count)
        for value in values { array.add(value.high, value.low) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        let halves = try cell.uuid()
        self.init(high: halves.high, low: halves.low)
    }

    /// The same bits as Foundation writes them.
    public var uuid: UUID {
        func byte(_ half: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: half >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
                byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5),
                byte(low, 6), byte(low, 7)
            ))
    }

    /// The same bits as Foundation writes them.
    public init(_ uuid: UUID) {
        let halves = withUnsafeBytes(of: uuid.uuid) { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
    }

    /// A new identifier that begins with its time in milliseconds since 1970 (version 7, RFC 9562), so that new rows stand together in an index.
    public static func timeOrdered(at milliseconds: Int64) -> Identifier128 {
        let time = UInt64(bitPattern: milliseconds) << 16
        let noise = noise()
        return Identifier128(
            high: time | 0x7000 | noise.high & 0xFFF, low: noise.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// A new random identifier (version 4).
    public static func random() -> Identifier128 {
        let noise = noise()
        return Identifier128(
            high: noise.high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: noise.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// 128 bits of the kernel's, by one call; the standard generator asks for each half.
    private static func noise() -> (high: UInt64, low: UInt64) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        let failure = withUnsafeMutableBytes(of: &halves) { getentropy($0.baseAddress, $0.count) }
        precondition(failure == 0, "the kernel has had random bytes since it booted")
        return halves
    }
}

extension TypedIdentifier: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .uuid }
    public var postgresText: String? { text }
    public static func postgresBinary(_ values: [TypedIdentifier]) -> [UInt8]? {
        Identifier128.postgresBinary(values.map { $0.value })
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self.init(try Identifier128(postgres: cell)) }
}

extension VendorName: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public var postgresText: String? { text }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self.init(try cell.text()) }
}

extension BAN: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }
    public var postgresText: String? { text }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        let text = try cell.text()
        do throws(RejectReason) {
            self = try BAN(parsing: text)
        } catch {
            throw cell.malformed("not a BAN")
        }
    }
}

extension Money: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .numeric }
    public var postgresText: String? { text(.full) }
    public static func postgresBinary(_ values: [Money]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .numeric, width: 16, count: values.count)
        for value in values { array.add(units: value.units, scale: Money.scale) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(units: try cell.units(scale: Money.scale))
    }
}

extension Rate: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .numeric }
    public var postgresText: String? { text }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(units: try cell.units(scale: Money.scale))
    }
}

extension Percentage: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .numeric }
    public var postgresText: String? { text }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(hundredths: try cell.units(scale: 2))
    }
}

extension Instant: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .timestamptz }
    public var postgresText: String? { text }
    public static func postgresBinary(_ values: [Instant]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .timestamptz, width: 8, count: values.count)
        for value in values { array.add((value.milliseconds - Instant.postgresEpoch) * 1_000) }
        return array.bytes
    }
    /// Instant 0 of PostgreSQL's time, 2000-01-01, in milliseconds since 1970.
    private static let postgresEpoch: Int64 = 946_684_800_000
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(milliseconds: try cell.milliseconds())
    }
}

extension UsageDay: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .date }
    public var postgresText: String? { text }
    public static func postgresBinary(_ values: [UsageDay]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .date, width: 4, count: values.count)
        for value in values { array.add(value.daysSince1970 - UsageDay.postgresEpoch) }
        return array.bytes
    }
    /// Day 0 of PostgreSQL's dates, 2000-01-01, in days since 1970.
    private static let postgresEpoch: Int32 = 10_957
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(daysSince1970: try cell.days())
    }
}

extension CopyWriter {
    /// A `timestamptz` column.
    public func instant(_ value: Instant?) { timestamptz(milliseconds: value?.milliseconds) }

    /// A `date` column.
    public func day(_ value: UsageDay?) { date(days: value?.daysSince1970) }

    /// A `uuid` column.
    public func identifier(_ value: Identifier128?) {
        guard let value else { return null() }
        uuid(high: value.high, low: value.low)
    }

    /// A `numeric` column that holds an amount with so many decimals.
    public func money(_ value: Money?, _ decimals: MoneyScale) {
        numeric(units: value.map { $0.units / decimals.units }, scale: decimals.rawValue)
    }

    /// A `numeric(16, 7)` column.
    public func rate(_ value: Rate?) { numeric(units: value?.units, scale: Money.scale) }

    /// A `numeric` column of a percentage.
    public func percentage(_ value: Percentage?) { numeric(units: value?.hundredths, scale: 2) }
}
