/// A time stamp as a record carries it (rules G4, D3): one that cannot be read is held, not refused.
public enum Stamp: Hashable, Sendable {
    /// Null, empty or not there.
    case absent
    /// There, but no ISO 8601: read as absent, the record is held.
    case unreadable
    /// A point in time.
    case at(Instant)

    /// A stamp from a field's text.
    public init(parsing text: String?) {
        guard let text else {
            self = .absent
            return
        }
        let trimmed = ASCII.trimmed(text)
        guard !trimmed.isEmpty else {
            self = .absent
            return
        }
        self = Instant(parsing: trimmed).map(Stamp.at) ?? .unreadable
    }

    /// The instant, where there is one.
    public var instant: Instant? {
        switch self {
        case .at(let instant): instant
        case .absent, .unreadable: nil
        }
    }
}
