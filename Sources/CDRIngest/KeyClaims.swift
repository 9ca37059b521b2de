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
    private let firsts: [RecordKey: Int]
    /// The positions of the first record of each key within the batch, in order of arrival: those that ask `record_keys`.
    let claimants: [Int]

    /// The claims of records in order of arrival.
    init(_ records: [(key: RecordKey, content: Identifier128)]) {
        var firsts = [RecordKey: Int](minimumCapacity: records.count)
        var claimants: [Int] = []
        claimants.reserveCapacity(records.count)
        for (position, record) in records.enumerated() where firsts[record.key] == nil {
            firsts[record.key] = position
            claimants.append(position)
        }
        self.records = records
        self.firsts = firsts
        self.claimants = claimants
    }

    /// The position of the record that claims this key for the batch.
    func claimant(of key: RecordKey) -> Int? { firsts[key] }

    /// The standing of every record, once it is known which claims `record_keys` took.
    /// - Parameters:
    ///   - taken: by position, whether the record's claim was taken: its key was new.
    ///   - owners: for every other key, the content of the record that owns it.
    func standings(taken: [Bool], owners: [RecordKey: Identifier128]) -> [Standing] {
        records.indices.map { position in
            if taken[position] { return .first }
            let record = records[position]
            guard let owner = owners[record.key] ?? firsts[record.key].map({ records[$0].content }) else {
                preconditionFailure("a claim was neither taken nor owned by another record")
            }
            return owner == record.content ? .repeated : .conflict
        }
    }
}
