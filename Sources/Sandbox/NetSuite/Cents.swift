/// Amounts as NetSuite keeps them: whole cents, worked out digit by digit.
enum Cents {
    /// Cents of a JSON number with at most two decimals; nil for more decimals, an exponent or an overflow.
    static func parse(_ number: String) -> Int64? {
        guard let decimal = decimal(number), decimal.scale <= 2 else { return nil }
        return Int64(exactly: decimal.digits * (decimal.scale == 0 ? 100 : decimal.scale == 1 ? 10 : 1))
    }

    /// `quantity × rate`, rounded half away from zero to the cent.
    static func product(_ quantity: String, _ rate: String) -> Int64? {
        guard let left = decimal(quantity), let right = decimal(rate) else { return nil }
        let (digits, overflow) = left.digits.multipliedReportingOverflow(by: right.digits)
        guard !overflow else { return nil }
        let scale = left.scale + right.scale
        guard scale > 2 else { return Int64(exactly: digits * (scale == 0 ? 100 : scale == 1 ? 10 : 1)) }
        let unit = (0..<(scale - 2)).reduce(Int128(1)) { unit, _ in unit * 10 }
        let half = digits < 0 ? -unit / 2 : unit / 2
        return Int64(exactly: (digits + half) / unit)
    }

    /// `12345` is `123.45`, always with two decimals.
    static func text(_ cents: Int64) -> String {
        let magnitude = cents.magnitude
        let fraction = String(magnitude % 100)
        return (cents < 0 ? "-" : "") + "\(magnitude / 100)." + (fraction.count == 1 ? "0" : "") + fraction
    }

    /// All digits as one integer, and how many of them stand behind the point; at most 18 of both kinds.
    private static func decimal(_ number: String) -> (digits: Int128, scale: Int)? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, number.utf8.count <= 20 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard let digits = Int128(parts[0] + fraction) else { return nil }
        return (digits, fraction.count)
    }
}
