/// Decimal text to a scaled integer and back, digit by digit: no binary floating point and no `Decimal` in between (M12).
public enum FixedPoint {
    /// Why a text is not a decimal of the wanted scale.
    public enum ParsingError: Error, Equatable {
        /// Not `-?digits(.digits)?`.
        case notADecimal
        /// More digits after the point than the scale holds, and not all of them zero.
        case tooManyDecimals
        /// Does not fit the integer.
        case overflow
    }

    /// 10 to the power of `exponent` (0…18).
    @inlinable
    public static func powerOfTen(_ exponent: Int) -> Int64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        case 8: 100_000_000
        case 9: 1_000_000_000
        case 10: 10_000_000_000
        case 11: 100_000_000_000
        case 12: 1_000_000_000_000
        case 13: 10_000_000_000_000
        case 14: 100_000_000_000_000
        case 15: 1_000_000_000_000_000
        case 16: 10_000_000_000_000_000
        case 17: 100_000_000_000_000_000
        case 18: 1_000_000_000_000_000_000
        default: preconditionFailure("a power of ten has an exponent of 0 to 18")
        }
    }

    /// The integer `value × 10^decimals` of a text such as `-12.5`.
    public static func parse(_ text: some StringProtocol, decimals: Int) throws(ParsingError) -> Int64 {
        var units: Int64 = 0
        var isNegative = false
        var digitsBeforePoint = 0
        var digitsAfterPoint = 0
        var hasPoint = false
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0:
                isNegative = true
            case UInt8(ascii: "."):
                guard !hasPoint, digitsBeforePoint > 0 else { throw .notADecimal }
                hasPoint = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if hasPoint { digitsAfterPoint += 1 } else { digitsBeforePoint += 1 }
                guard digitsAfterPoint <= decimals else {
                    guard byte == UInt8(ascii: "0") else { throw .tooManyDecimals }
                    continue
                }
                units = try appending(Int64(byte - UInt8(ascii: "0")), to: units)
            default:
                throw .notADecimal
            }
        }
        guard digitsBeforePoint > 0, !hasPoint || digitsAfterPoint > 0 else { throw .notADecimal }
        for _ in min(digitsAfterPoint, decimals)..<decimals { units = try appending(0, to: units) }
        return isNegative ? -units : units
    }

    /// `units / 10^scale` with exactly `decimals` digits (rule G3). What would be lost must be zero: rounding has its own step.
    public static func text(_ units: Int64, scale: Int, decimals: Int) -> String {
        var magnitude = units.magnitude
        if decimals < scale {
            let (quotient, lost) = magnitude.quotientAndRemainder(
                dividingBy: UInt64(powerOfTen(scale - decimals)))
            precondition(lost == 0, "an amount is rounded before it is written with fewer digits")
            magnitude = quotient
        } else if decimals > scale {
            magnitude *= UInt64(powerOfTen(decimals - scale))
        }
        guard decimals > 0 else { return (units < 0 && magnitude > 0 ? "-" : "") + String(magnitude) }
        let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: UInt64(powerOfTen(decimals)))
        let digits = String(fraction)
        let zeros = String(repeating: "0", count: decimals - digits.utf8.count)
        return (units < 0 && magnitude > 0 ? "-" : "") + "\(whole).\(zeros)\(digits)"
    }

    private static func appending(_ digit: Int64, to units: Int64) throws(ParsingError) -> Int64 {
        let (shifted, overflowed) = units.multipliedReportingOverflow(by: 10)
        let (sum, carried) = shifted.addingReportingOverflow(digit)
        guard !overflowed, !carried else { throw .overflow }
        return sum
    }
}
