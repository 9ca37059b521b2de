/// 128 bits in the text form of RFC 9562 (`123e4567-e89b-42d3-a456-426614174000`), without Foundation.
public struct Identifier128: Hashable, Comparable, Sendable {
    /// The first 8 bytes, big-endian.
    public let high: UInt64
    /// The last 8 bytes, big-endian.
    public let low: UInt64

    /// An identifier of two halves.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An identifier from its 36 characters, any case; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var index = 0
        for byte in text.utf8 {
            defer { index += 1 }
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard index < 36, let digit = ASCII.hexValue(byte) else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | UInt64(digit)
            } else {
                halves.1 = halves.1 << 4 | UInt64(digit)
            }
            digits += 1
        }
        guard index == 36 else { return nil }
        self.init(high: halves.0, low: halves.1)
    }

    /// Lower case, with hyphens.
    public var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 { bytes.append(UInt8(ascii: "-")) }
            let half = digit < 16 ? high : low
            bytes.append(ASCII.hexDigit(UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (digit % 16)) & 15)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// By value, as PostgreSQL orders `uuid`.
    @inlinable
    public static func < (left: Identifier128, right: Identifier128) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// 128 bits that name one thing of a kind, so that a customer's id is never taken for a record's.
public struct TypedIdentifier<Kind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 128 bits.
    public let value: Identifier128

    /// The thing of these bits.
    public init(_ value: Identifier128) {
        self.value = value
    }

    /// An id from its text; nil where it is none.
    public init?(parsing text: some StringProtocol) {
        guard let value = Identifier128(parsing: text) else { return nil }
        self.value = value
    }

    /// Lower case, with hyphens.
    public var text: String { value.text }
    /// The same as `text`.
    public var description: String { value.text }

    /// By value: the order in which wallets are locked (M16), too.
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What a `CustomerID` names.
public enum CustomerKind {}
/// A customer: `customers.id`, one to one with a `BAN`.
public typealias CustomerID = TypedIdentifier<CustomerKind>

/// What a `UsageID` names.
public enum UsageKind {}
/// A usage record: the id of its raw row, which its rated row, its posting and its corrections carry too (M1).
public typealias UsageID = TypedIdentifier<UsageKind>

/// A billing account number: how a record names its customer (1–50 characters).
public struct BAN: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As the record wrote it.
    public let text: String

    /// The most characters a BAN has.
    public static let maximumLength = 50

    /// A BAN, or why the text is none; the reason names `field`.
    public init(parsing text: String, field: @autoclosure () -> String = "/customer_ban") throws(RejectReason) {
        guard !text.isEmpty else { throw RejectReason(.empty, field: field()) }
        guard text.utf8.count <= BAN.maximumLength || text.unicodeScalars.count <= BAN.maximumLength else {
            throw RejectReason(.tooLong, field: field(), message: "at most \(BAN.maximumLength) characters")
        }
        self.text = text
    }

    /// The same as `text`.
    public var description: String { text }

    /// By text.
    public static func < (left: BAN, right: BAN) -> Bool { left.text < right.text }
}

/// A vendor by the name that records and statements give it.
public struct VendorName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As the record wrote it.
    public let text: String

    /// The vendor of this name.
    public init(_ text: String) {
        self.text = text
    }

    /// The same as `text`.
    public var description: String { text }

    /// By text.
    public static func < (left: VendorName, right: VendorName) -> Bool { left.text < right.text }
}
