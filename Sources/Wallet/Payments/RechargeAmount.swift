import Core
import DaemonKit

/// The amounts that customers name in requests: texts with at most two decimals.
enum RechargeAmount {
    /// What one recharge may come to, the smallest and the largest.
    static let charged = cents(1_00)...cents(10_000_00)
    /// Below which balance an automatic one may begin.
    static let thresholds = cents(1)...cents(10_000_00)

    /// An amount from a request.
    /// - Throws: 422 that names the field, where it is none or out of range.
    static func parse(
        _ text: String, in range: ClosedRange<Money>, at pointer: String
    ) throws(APIError) -> Money {
        let amount: Money
        do throws(FixedPoint.ParsingError) {
            amount = try Money(parsing: text)
        } catch {
            throw .invalid(pointer: pointer, reason: "BAD_AMOUNT", detail: "an amount is a text such as 25.00")
        }
        guard amount.isWhole(at: .cents), range.contains(amount) else {
            throw .invalid(
                pointer: pointer, reason: "OUT_OF_RANGE",
                detail: "an amount from \(range.lowerBound.text(.cents)) to \(range.upperBound.text(.cents)) "
                    + "with at most two decimals")
        }
        return amount
    }

    private static func cents(_ count: Int64) -> Money { Money(units: count * 100_000) }
}
