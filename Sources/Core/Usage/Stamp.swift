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
        self.init(utf8: text.utf8.span)
    }

    /// A stamp from the UTF-8 of a field's text.
    public init(utf8 bytes: Span<UInt8>) {
        var start = 0
        var end = bytes.count
        while start < end, ASCII.isBlank(bytes[start]) { start += 1 }
        while end > start, ASCII.isBlank(bytes[end - 1]) { end -= 1 }
        guard start < end else {
            self = .absent
            return
        }
        self = Instant(utf8: bytes, in: start..<end).map(Stamp.at) ?? .unreadable
    }

    /// The instant, where there is one.
    public var instant: Instant? {
        switch self {
        case .at(let instant): instant
        case .absent, .unreadable: nil
        }
    }
}
