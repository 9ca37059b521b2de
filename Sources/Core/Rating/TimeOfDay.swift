/// Rates that depend on the local hour (rule R10).
public struct TimeOfDay: Hashable, Sendable {
    /// Hours of some weekdays with a factor.
    public struct Band: Hashable, Sendable {
        /// Bit 0 = Monday … bit 6 = Sunday.
        public var days: UInt8
        /// Minutes since midnight, inclusive.
        public var from: Int
        /// Minutes since midnight, exclusive, up to 1440. Before `from` the band runs over midnight.
        public var to: Int
        public var multiplier: Multiplier

        /// A band of ISO weekdays (1 = Monday).
        public init(days: some Sequence<Int>, from: Int, to: Int, multiplier: Multiplier) {
            self.days = days.reduce(0) { $0 | 1 << UInt8($1 - 1) }
            self.from = from
            self.to = to
            self.multiplier = multiplier
        }
    }

    public var clock: ZoneClock
    /// The first band that contains an instant counts.
    public var bands: [Band]

    /// Bands in a zone.
    public init(clock: ZoneClock, bands: [Band]) {
        self.clock = clock
        self.bands = bands
    }

    /// The factor at an instant; nil outside all bands.
    public func multiplier(at instant: Instant) -> Multiplier? {
        let (day, milliseconds) = clock.local(instant)
        let weekday = day.isoWeekday
        return bands.first { $0.contains(weekday: weekday, milliseconds: milliseconds) }?.multiplier
    }
}

extension TimeOfDay.Band {
    /// Whether a local time lies in the band; over midnight it belongs to the weekday on which it starts.
    func contains(weekday: Int, milliseconds: Int64) -> Bool {
        let start = Int64(from) * 60_000
        let end = Int64(to) * 60_000
        if from < to { return includes(weekday) && start <= milliseconds && milliseconds < end }
        let previous = weekday == 1 ? 7 : weekday - 1
        return includes(weekday) && milliseconds >= start || includes(previous) && milliseconds < end
    }

    private func includes(_ weekday: Int) -> Bool { days & 1 << UInt8(weekday - 1) != 0 }
}

/// The factor of a band, with seven decimals.
public struct Multiplier: Hashable, Sendable {
    /// The factor in 1e-7.
    public let units: Int64

    /// No change.
    public static let one = Multiplier(units: 10_000_000)

    /// A factor of so many 1e-7.
    public init(units: Int64) {
        self.units = units
    }

    /// A factor from decimal text such as `0.8333333`.
    public init(parsing text: some StringProtocol) throws(FixedPoint.ParsingError) {
        units = try FixedPoint.parse(text, decimals: 7)
    }

    /// The factor with its seven decimals.
    public var text: String { FixedPoint.text(units, scale: 7, decimals: 7) }
}

extension Rate {
    /// The rate in a band, rounded to seven decimals: what the record shows and charges (rule R10).
    public func multiplied(by multiplier: Multiplier) -> Rate {
        guard multiplier != .one else { return self }
        let product = Int128(units) * Int128(multiplier.units)
        return Rate(units: Int64(Rounding.halfAwayFromZero(product, dividedBy: 10_000_000)))
    }
}
