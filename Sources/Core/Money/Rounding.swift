/// Exact integer arithmetic behind every amount: products and sums in 128 bits, and one division at the named rounding step.
///
/// Rounding is half away from zero (rule G2), as PostgreSQL's `numeric` cast and BigQuery's `NUMERIC` do it.
public enum Rounding {
    /// `numerator / denominator`, rounded half away from zero. The denominator is positive.
    @inlinable
    public static func halfAwayFromZero(_ numerator: Int128, dividedBy denominator: Int128) -> Int128 {
        precondition(denominator > 0, "a denominator is positive")
        if let small = Int64(exactly: numerator), let divisor = Int64(exactly: denominator), divisor < Int64.max / 4 {
            let (quotient, remainder) = small.quotientAndRemainder(dividingBy: divisor)
            let twice = 2 * remainder.magnitude
            guard twice >= divisor.magnitude else { return Int128(quotient) }
            return Int128(quotient) + (small < 0 ? -1 : 1)
        }
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        guard 2 * remainder.magnitude >= denominator.magnitude else { return quotient }
        return quotient + (numerator < 0 ? -1 : 1)
    }

    /// `numerator / denominator`, rounded towards minus infinity (rule W1). The denominator is positive.
    public static func floor(_ numerator: Int128, dividedBy denominator: Int128) -> Int128 {
        precondition(denominator > 0, "a denominator is positive")
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// `numerator / denominator`, rounded towards plus infinity (rule W6). The denominator is positive.
    public static func ceiling(_ numerator: Int128, dividedBy denominator: Int128) -> Int128 {
        -floor(-numerator, dividedBy: denominator)
    }
}
