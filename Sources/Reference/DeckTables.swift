public import Core
public import Drivers

// What an import is compared with and checked against: single datasets, without the rest of a snapshot.
extension SnapshotLoader {
    /// The rows of a deck's load, each with the line of its file.
    public static func sheet(
        _ name: String, load: Int64, in transaction: PostgresTransaction
    ) throws -> RateSheet {
        var sheet = RateSheet(name: name)
        try forEachDeckEntry(name, load, transaction) { entry, line in sheet.append(entry, line: line ?? 0) }
        sheet.sort()
        return sheet
    }

    /// The numbering data of the newest version: area codes, countries and blocks.
    public static func numbers(in transaction: PostgresTransaction) throws -> NumberFacts {
        var builder = ReferenceBuilder(version: "")
        let version = try stamp(in: transaction).referenceVersion
        for (dataset, load) in try loads(version, transaction)
        where ["npa", "country_prefixes", "lerg"].contains(dataset.kind) {
            try readTable(dataset.kind, load, transaction, into: &builder)
        }
        return builder.finished().reference.numbers
    }
}
