import Core

/// Which of a batch's records are the first of their key, and what that makes of the others (rule G8): decided here, while
/// `record_keys` says what other batches claimed before.
struct KeyClaims {
    /// What a record is to its key.
    enum Standing: Equatable {
        /// The first: it owns the key.
        case first
        /// The same JSON value as the first.
        case repeated
        /// Another content than the first's. Always compared with the first, never with another conflict.
        case conflict
    }

    private let records: [(key: RecordKey, content: Identifier128)]
    /// The positions of the first record of each key within the batch, in the order in which `record_keys` is written: by kind and
    /// hash, so that two batches that share keys wait for each other and never deadlock.
    let claimants: [Int]
    /// The claims of records in order of arrival.
    init(_ records: [(key: RecordKey, content: Identifier128)]) {
        self.records = records
        var firsts: [RecordKey: Int] = [:]
        for (position, record) in records.enumerated() where firsts[record.key] == nil {
            firsts[record.key] = position
        }
        claimants = firsts.values.sorted {
            let (left, right) = (records[$0].key, records[$1].key)
            return (left.kind.rawValue, left.hash) < (right.kind.rawValue, right.hash)
        }
    }

    /// The standing of every record, once it is known which claims `record_keys` took.
    /// - Parameters:
    ///   - taken: the claimants whose key was new.
    ///   - owners: for every other key, the content of the record that owns it.
    func standings(taken: Set<Int>, owners: [RecordKey: Identifier128]) -> [Standing] {
        var contents = owners
        for position in taken { contents[records[position].key] = records[position].content }
        return records.enumerated().map { position, record in
            if taken.contains(position) { return .first }
            guard let first = contents[record.key] else {
                preconditionFailure("a claim was neither taken nor owned by another record")
            }
            return first == record.content ? .repeated : .conflict
        }
    }
}
