/// How long a call lasted, and what is wrong with its stamps (rules D1, D3, D4, D6).
public struct CallLength: Hashable, Sendable {
    /// Whether there is a readable answer stamp.
    public let isAnswered: Bool
    /// End − answer; negative where the record says so. Nil where unanswered or without an end.
    public let milliseconds: Int64?
    public private(set) var flags = Flags.none

    /// The longest call that is believed (rule D3): a day.
    public static let longestMilliseconds: Int64 = 86_400_000

    /// Whether a person must look at the stamps (rule D3).
    public var isHeld: Bool { flags.containsAny(of: [.missingEnd, .negativeDuration, .excessiveDuration]) }

    /// The length of a record's call.
    public init(_ cdr: borrowing RawCDR) {
        let start = cdr.start.instant
        let end = cdr.end.instant
        guard let answer = cdr.answer.instant else {
            isAnswered = false
            milliseconds = nil
            if let start, let end, end < start { flags.insert(.clockSkew) }
            return
        }
        isAnswered = true
        milliseconds = end.map { $0 - answer }
        if let start, answer < start { flags.insert(.clockSkew) }
        switch milliseconds {
        case nil: flags.insert(.missingEnd)
        case .some(..<0): flags.insert(.negativeDuration)
        case .some(0): flags.insert(.zeroDuration)
        case .some(let length) where length > CallLength.longestMilliseconds: flags.insert(.excessiveDuration)
        default: break
        }
    }
}
