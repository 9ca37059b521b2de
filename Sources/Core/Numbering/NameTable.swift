/// Names that reference rows share (states, rate centres, carriers), each kept once and compared by number.
public struct NameTable: Sendable {
    /// A name's number; 0 stands for none.
    public typealias Index = UInt32

    private var names: [String?] = [nil]
    private var indexes: [String: Index] = [:]

    /// A table without names.
    public init() {}

    /// The number of a name, new or known; 0 for nil and for an empty text.
    public mutating func intern(_ name: String?) -> Index {
        guard let name, !name.isEmpty else { return 0 }
        if let index = indexes[name] { return index }
        let index = Index(names.count)
        names.append(name)
        indexes[name] = index
        return index
    }

    /// The number of a known name; nil for one that no row has.
    public func index(of name: String) -> Index? { indexes[name] }

    /// The name of a number.
    public subscript(index: Index) -> String? { names[Int(index)] }
}
