import Core

/// An amount of a test's literal.
func usd(_ text: String) throws -> Money { try Money(parsing: text) }

/// A day of a test's literal.
func day(_ text: String) -> UsageDay { UsageDay(parsing: text) ?? UsageDay(daysSince1970: 0) }

/// An instant of a test's literal.
func instant(_ text: String) -> Instant { Instant(parsing: text) ?? Instant(milliseconds: 0) }

/// 15:00 UTC of an ordinary Wednesday.
let wednesday = Instant(milliseconds: 1_741_791_600_000)
