import Core
import Drivers
import Reference

/// One column of a reference file: what may stand in it, and how it is written to its table.
struct ReferenceColumn: Sendable {
    let name: String
    /// Empty is a fault.
    let isRequired: Bool
    /// What is wrong with a text; nil where nothing is.
    let problem: @Sendable (String) -> String?
    let write: @Sendable (CopyWriter, String?) -> Void

    private init(
        _ name: String, isRequired: Bool, problem: @escaping @Sendable (String) -> String?,
        write: @escaping @Sendable (CopyWriter, String?) -> Void
    ) {
        self.name = name
        self.isRequired = isRequired
        self.problem = problem
        self.write = write
    }

    static func text(_ name: String, isRequired: Bool = false) -> ReferenceColumn {
        ReferenceColumn(name, isRequired: isRequired, problem: { _ in nil }, write: { $0.text($1) })
    }

    /// Exactly so many digits.
    static func digits(_ name: String, _ count: Int) -> ReferenceColumn {
        ReferenceColumn(
            name, isRequired: true,
            problem: { isDigits($0, 1...15) && $0.utf8.count == count ? nil : "is not \(count) digits" },
            write: { $0.text($1) })
    }

    /// Digits, so many to so many.
    static func digits(_ name: String, _ counts: ClosedRange<Int>) -> ReferenceColumn {
        ReferenceColumn(
            name, isRequired: true,
            problem: {
                isDigits($0, counts) ? nil : "is not \(counts.lowerBound) to \(counts.upperBound) digits"
            },
            write: { $0.text($1) })
    }

    static func word(_ name: String, of words: [String]) -> ReferenceColumn {
        ReferenceColumn(
            name, isRequired: true,
            problem: { words.contains($0) ? nil : "is none of \(words.joined(separator: ", "))" },
            write: { $0.text($1) })
    }

    /// An instant with its time (rule G4).
    static func instant(_ name: String) -> ReferenceColumn {
        ReferenceColumn(
            name, isRequired: true,
            problem: { Instant(parsing: $0) == nil ? "is no instant such as 2026-11-22T00:00:00.000Z" : nil },
            write: { $0.instant($1.flatMap { Instant(parsing: $0) }) })
    }

    private static func isDigits(_ text: String, _ counts: ClosedRange<Int>) -> Bool {
        counts.contains(text.utf8.count)
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
