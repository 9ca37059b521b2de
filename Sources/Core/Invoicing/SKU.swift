/// An item of the accounting system.
public struct SKU: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// The same as `text`.
    public var description: String { text }
}

/// Which item a classification key is sold as (rule K4): by the exact key, never by a similar one.
public struct SKUMap: Hashable, Sendable {
    private let skus: [ClassKey: SKU]

    /// A map from the text of keys to the text of items.
    public init(_ rows: [String: String]) {
        skus = Dictionary(uniqueKeysWithValues: rows.map { (ClassKey($0.key), SKU($0.value)) })
    }

    /// The item of a key; nil holds the line back from the export.
    public subscript(key: ClassKey) -> SKU? { skus[key] }
}
