/// Which statements a connection has prepared. A text is prepared when it comes the second time, so that statements
/// run once cost one round trip and no memory in the server.
struct PostgresStatementCache {
    /// A statement: its text and its parameters' types.
    struct Key: Hashable {
        let text: String
        let types: [UInt32]

        init(_ sql: SQL) {
            text = sql.text
            types = sql.parameters.map(\.type.oid)
        }
    }

    enum Plan {
        case once
        case prepare(name: String)
        case prepared(name: String)
    }

    /// A store has a few dozen statements; texts made up at run time must not fill the server's memory.
    private static let limit = 250

    private var seen: Set<Key> = []
    private var names: [Key: String] = [:]
    private var count = 0

    mutating func plan(for key: Key) -> Plan {
        if let name = names[key] { return .prepared(name: name) }
        if seen.contains(key), names.count < PostgresStatementCache.limit {
            count += 1
            return .prepare(name: "s\(count)")
        }
        if seen.count >= PostgresStatementCache.limit * 4 { seen = [] }
        seen.insert(key)
        return .once
    }

    mutating func prepared(_ key: Key, as name: String) {
        names[key] = name
    }

    /// After the server has said that the plan no longer fits; the old one stays with it until the connection ends.
    mutating func forget(_ key: Key) {
        names[key] = nil
    }
}
