/// A low-balance warning: so many percent of the balance after the last top-up are left (rule W8).
public enum BalanceAlert: Int, Sendable, CaseIterable, Comparable {
    case five = 5
    case ten = 10
    case twenty = 20

    /// The most severe level at or below which a balance stands; nil where it is above all of them.
    public static func level(of balance: Money, highWaterMark: Money) -> BalanceAlert? {
        allCases.first { level in
            Int128(balance.units) * 100 <= Int128(highWaterMark.units) * Int128(level.rawValue)
        }
    }

    /// By what is left: a smaller level is the more severe one.
    public static func < (left: BalanceAlert, right: BalanceAlert) -> Bool { left.rawValue < right.rawValue }
}

extension WalletState {
    /// Raises the alert that a debit has made due, and returns it if it was not sent yet (rule W8).
    mutating func raiseAlert() -> BalanceAlert? {
        guard model != .postpaid, let highWaterMark,
            let level = BalanceAlert.level(of: balance, highWaterMark: highWaterMark)
        else { return nil }
        if let alertLevel, alertLevel <= level { return nil }
        alertLevel = level
        return level
    }
}
