extension SecondRater {
    /// The rules that the second rater applies and random cases come by. Not among them: what needs a clock or a store (C7, F8, I9,
    /// W11 to W13), business figures (B), and remarks (X).
    public static let covered: [String] = [
        ("G", 9), ("N", 12), ("E", 7), ("J", 9), ("K", 4), ("D", 8), ("R", 15), ("P", 8), ("S", 6), ("A", 1), ("W", 10),
        ("F", 7), ("Q", 7), ("C", 6), ("T", 5), ("I", 8),
    ].flatMap { section, count in (1...count).map { "\(section)\($0)" } }
}

extension JSON {
    /// Where a result lacks what is expected; it may have more fields.
    public func differences(from actual: JSON, at path: String = "") -> [String] {
        switch (self, actual) {
        case (.object(let wanted), .object(let found)):
            wanted.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
                guard let other = found[name] else { return ["\(path).\(name) is absent"] }
                return value.differences(from: other, at: "\(path).\(name)")
            }
        case (.array(let wanted), .array(let found)) where wanted.count == found.count:
            zip(wanted, found).enumerated().flatMap { index, pair in
                pair.0.differences(from: pair.1, at: "\(path)[\(index)]")
            }
        default: self == actual ? [] : ["\(path): \(text) against \(actual.text)"]
        }
    }
}
