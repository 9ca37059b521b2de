/// An E.164 number: up to 15 digits that do not begin with 0, so an integer holds them (rule N).
///
/// Printed in logs it is redacted; `text` gives it whole.
public struct PhoneNumber: Hashable, Comparable, Sendable {
    /// The digits as a number.
    public let digits: UInt64

    /// The number of these digits (1…15 of them).
    @inlinable
    public init(digits: UInt64) {
        self.digits = digits
    }

    /// A number from `+` and digits; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        var digits: UInt64 = 0
        var count = -1
        for byte in text.utf8 {
            count += 1
            if count == 0 {
                guard byte == UInt8(ascii: "+") else { return nil }
            } else {
                guard ASCII.isDigit(byte), count <= 15, count > 1 || byte != UInt8(ascii: "0") else { return nil }
                digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
            }
        }
        guard count >= 1 else { return nil }
        self.digits = digits
    }

    /// `+13122001234`
    public var text: String { "+" + String(digits) }

    /// The ten digits behind +1; nil for other countries.
    @inlinable
    public var national: NationalNumber? {
        guard (10_000_000_000..<20_000_000_000).contains(digits) else { return nil }
        return NationalNumber(digits: digits - 10_000_000_000)
    }

    /// By digits.
    @inlinable
    public static func < (left: PhoneNumber, right: PhoneNumber) -> Bool { left.digits < right.digits }
}

extension PhoneNumber: CustomStringConvertible {
    /// Redacted: the last four digits are hidden.
    public var description: String { "+" + String(digits / 10_000) + "XXXX" }
}

/// Ten digits of the North American plan: a number behind +1, or a location routing number.
public struct NationalNumber: Hashable, Comparable, Sendable {
    /// The digits as a number below 10^10.
    public let digits: UInt64

    /// The number of these ten digits.
    @inlinable
    public init(digits: UInt64) {
        self.digits = digits
    }

    /// A number from exactly ten digits; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        var digits: UInt64 = 0
        var count = 0
        for byte in text.utf8 {
            guard ASCII.isDigit(byte), count < 10 else { return nil }
            digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
            count += 1
        }
        guard count == 10 else { return nil }
        self.digits = digits
    }

    /// The ten digits.
    public var text: String { padded(Int64(digits), 10) }

    /// The area code, 0…999.
    @inlinable public var npa: Int { Int(digits / 10_000_000) }
    /// Area code and exchange, 0…999,999.
    @inlinable public var npanxx: Int { Int(digits / 10_000) }
    /// The exchange, 0…999.
    @inlinable public var nxx: Int { Int(digits / 10_000 % 1_000) }
    /// The thousands block's digit, 0…9.
    @inlinable public var block: Int { Int(digits / 1_000 % 10) }
    /// The last four digits.
    @inlinable public var line: Int { Int(digits % 10_000) }

    /// The number with +1 before it.
    @inlinable public var e164: PhoneNumber { PhoneNumber(digits: digits + 10_000_000_000) }

    /// By digits.
    @inlinable
    public static func < (left: NationalNumber, right: NationalNumber) -> Bool { left.digits < right.digits }
}

extension NationalNumber: CustomStringConvertible {
    /// Redacted: the last four digits are hidden.
    public var description: String { String(text.prefix(6)) + "XXXX" }
}

/// What a record shows of a dialled number: its E.164 form, or the digits of a service or short code (rule E7).
public enum DialledNumber: Hashable, Sendable {
    /// A whole number.
    case number(PhoneNumber)
    /// 911, 411, 72345: digits that do not begin with 0.
    case code(UInt32)

    /// `+13122001234` or `911`
    public var text: String {
        switch self {
        case .number(let number): number.text
        case .code(let digits): String(digits)
        }
    }

    /// The E.164 number, where it is one.
    public var phoneNumber: PhoneNumber? {
        switch self {
        case .number(let number): number
        case .code: nil
        }
    }
}

extension DialledNumber: CustomStringConvertible {
    /// Redacted, where it is a number.
    public var description: String {
        switch self {
        case .number(let number): number.description
        case .code(let digits): String(digits)
        }
    }
}

/// What kind of number a text is (section N).
public enum NumberKind: String, Sendable, CaseIterable {
    case geographic, tollfree, nongeographic, premium, service, emergency, international, shortcode
    case anonymous, missing, invalid
}
