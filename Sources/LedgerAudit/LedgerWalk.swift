import Core
import Reference

/// The walk through the three files of rows, side by side, wallet by wallet and event by event.
struct LedgerWalk {
    private var postings: LedgerFile<PostingRow>
    private var transactions: LedgerFile<EntryRow>
    private var journal: LedgerFile<LineRow>
    /// Rows that were met.
    private(set) var rows = 0

    init(_ postings: inout CSVCursor, _ transactions: inout CSVCursor, _ journal: inout CSVCursor) throws {
        self.postings = try LedgerFile(.postings, &postings) { PostingRow($0) }
        self.transactions = try LedgerFile(.transactions, &transactions) { EntryRow($0) }
        self.journal = try LedgerFile(.journal, &journal) { LineRow($0) }
    }

    /// Proves a wallet: its events one after the other, what the seals say of them, and where they leave it.
    mutating func prove(
        _ wallet: WalletFile.Row, sealed: [SealedHeads.Head], _ postings: inout CSVCursor,
        _ transactions: inout CSVCursor, _ journal: inout CSVCursor
    ) throws -> LedgerChain {
        var chain = LedgerChain(customer: wallet.customer)
        var sums = LedgerSums()
        var seals = sealed[...]
        while let event = try next(of: wallet.customer, after: chain.length, &postings, &transactions, &journal) {
            try sums.add(event)
            let link = chain.append(event.event)
            for place in event.places where place.hash != link.hash {
                throw LedgerFault(place.file, line: place.line, "chain_hash does not fit the row and those before it")
            }
            while let seal = seals.first, seal.chain.length == link.index {
                guard seal.chain.head == link.hash else {
                    throw event.fault("event \(link.index) of \(wallet.customer) is another than \(seal.file) sealed")
                }
                seals.removeFirst()
            }
        }
        if let seal = seals.first {
            throw LedgerFault(
                "wallets.csv", line: wallet.line,
                "\(wallet.customer) has \(chain.length) events, but \(seal.file) sealed \(seal.chain.length)")
        }
        try sums.compare(wallet, chain)
        return chain
    }

    /// No row is left behind the last wallet.
    func expectEnd() throws {
        let places = [
            postings.next.map { (postings.name, $0.line) }, transactions.next.map { (transactions.name, $0.line) },
            journal.next.map { (journal.name, $0.line) },
        ]
        for case .some((let file, let line)) in places { throw LedgerFault(file, line: line, "no wallet has this row") }
    }

    /// The next event of a customer; nil where its rows end.
    private mutating func next(
        of customer: CustomerID, after length: Int64, _ postingCursor: inout CSVCursor,
        _ transactionCursor: inout CSVCursor, _ journalCursor: inout CSVCursor
    ) throws -> FoundEvent? {
        try refuse(postings, before: customer)
        try refuse(transactions, before: customer)
        try refuse(journal, before: customer)
        let indices = [
            postings.index(of: customer), transactions.index(of: customer), journal.index(of: customer),
        ].compactMap(\.self)
        guard let index = indices.min() else { return nil }
        var found = FoundEvent(customer: customer, index: index)
        if let record = try postings.take(customer, index, &postingCursor) {
            found.event.posting = record.row
            found.note(record, in: postings.name)
        }
        if let record = try transactions.take(customer, index, &transactionCursor) {
            found.event.entry = record.row
            found.note(record, in: transactions.name)
        }
        while let record = try journal.take(customer, index, &journalCursor) {
            found.event.lines.append(record.row)
            found.note(record, in: journal.name)
            guard record.row.number == found.event.lines.count else {
                throw LedgerFault(journal.name, line: record.line, "not the next line of its event")
            }
        }
        rows += found.places.count
        guard index == length + 1 else {
            throw found.fault(
                index <= length
                    ? "chain_index \(index) of \(customer) is there twice"
                    : "event \(length + 1) of \(customer) is missing before this one")
        }
        return found
    }

    private func refuse<Row>(_ file: LedgerFile<Row>, before customer: CustomerID) throws {
        guard let next = file.next, next.customer < customer else { return }
        throw LedgerFault(file.name, line: next.line, "no wallet has this row, or it is out of its place")
    }
}

extension LedgerFile {
    /// The number of the next event, if it is this customer's.
    fileprivate func index(of customer: CustomerID) -> Int64? {
        next.flatMap { $0.customer == customer ? $0.index : nil }
    }

    /// The next row, if it belongs to this event.
    fileprivate mutating func take(_ customer: CustomerID, _ index: Int64, _ cursor: inout CSVCursor) throws -> Record?
    {
        guard let record = next, record.customer == customer, record.index == index else { return nil }
        try advance(&cursor)
        return record
    }
}

/// An event with the places of its rows.
struct FoundEvent {
    /// Where a row stands, and the hash it carries.
    struct Place {
        let file: String
        let line: Int
        let hash: [UInt8]
    }

    let index: Int64
    var event: LedgerEvent
    private(set) var places: [Place] = []

    init(customer: CustomerID, index: Int64) {
        self.index = index
        event = LedgerEvent(customer: customer)
    }

    mutating func note<Row>(_ record: LedgerFile<Row>.Record, in file: String) {
        places.append(Place(file: file, line: record.line, hash: record.hash))
    }

    /// A fault of the event's first row.
    func fault(_ problem: String) -> LedgerFault {
        LedgerFault(places.first?.file ?? "", line: places.first?.line, problem)
    }

    /// A fault of the row of a file.
    func fault(in file: LedgerExport.File, _ problem: String) -> LedgerFault {
        let place = places.first { $0.file == file.name }
        return LedgerFault(file.name, line: place?.line ?? places.first?.line, problem)
    }
}
