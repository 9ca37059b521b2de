/// A country as reference data name it: its ISO 3166 code, or `001` for country codes without a country. In one integer, so that a
/// number takes it along for nothing.
public struct Country: Hashable, Sendable, CustomStringConvertible {
    /// The bytes of the name, the first one lowest; above them zeros.
    private let packed: UInt64

    /// The most bytes that a name has.
    public static let maximumLength = 8

    public static let unitedStates = Country(known: "US")

    /// A country by its name of one to eight bytes without a NUL; nil for anything else.
    public init?(_ name: some StringProtocol) {
        var packed: UInt64 = 0
        var count: UInt64 = 0
        for byte in name.utf8 {
            guard count < Country.maximumLength, byte != 0 else { return nil }
            packed |= UInt64(byte) << (8 * count)
            count += 1
        }
        guard count > 0 else { return nil }
        self.packed = packed
    }

    private init(known name: StaticString) {
        packed = name.withUTF8Buffer { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    }

    /// The name.
    public var text: String {
        let count = 8 - packed.leadingZeroBitCount / 8
        return String(unsafeUninitializedCapacity: count) { bytes in
            for place in 0..<count { bytes[place] = UInt8(truncatingIfNeeded: packed >> UInt64(8 * place)) }
            return count
        }
    }

    /// The same as `text`.
    public var description: String { text }

    /// Whether its numbers are domestic: the US and its territories (rule N10).
    public var isDomestic: Bool { Country.domestic.contains(self) }

    private static let domestic: Set<Country> = Set(["US", "PR", "VI", "GU", "MP", "AS"].map(Country.init(known:)))
}
