import Core
import Drivers
import Foundation
import Reference

/// Takes a vendor's file once: its checksum is its identity. Lines that cannot be read are put aside with their numbers.
struct StatementImport: Sendable {
    let store: StatementStore
    let vendors: VendorStore
    let formatsDirectory: String
    let now: @Sendable () -> Instant

    /// The most bad lines a file may have; above that it is no statement of this format.
    static let maximumFaults = 100_000

    /// What became of a file.
    enum Outcome: Sendable {
        case imported(lines: Int, faults: [StatementFault], days: [UsageDay])
        case knownAlready(as: String)
    }

    /// Imports a file of a vendor; `format` defaults to the vendor's own, then to the vendor's name.
    func run(file path: String, vendor name: String, format formatName: String?, invoiceDate: UsageDay?) async throws
        -> Outcome
    {
        let vendor = try await vendors.vendor(name)
        let format = try await StatementFormat(
            named: formatName ?? vendor.format ?? vendor.name, in: formatsDirectory)
        let file: MappedFile
        do throws(MappedFile.Failure) {
            file = try MappedFile(path: path)
        } catch {
            throw ReconError.unreadable(path, "\(error)")
        }
        let checksum = file.sha256
        if let known = try await store.importedFile(checksum: checksum) { return .knownAlready(as: known) }
        guard let snapshot = try await SnapshotLoader.load(from: store.pool), snapshot.stamp.referenceVersion > 0 else {
            throw ReconError(reason: "no-reference-data", description: "no reference data is loaded")
        }
        let reader = StatementReader(format: format, numbers: snapshot.tables.reference.numbers.plan)
        let lines = CSVReader(file, separator: format.delimiter)
        let survey = try StatementSurvey(reader, lines)
        let statement = StatementStore.Statement(
            id: .random(), vendor: vendor.name, fileName: URL(filePath: path).lastPathComponent, checksum: checksum,
            format: format.name, invoiceDate: invoiceDate, lines: survey.lines, days: survey.days, faults: survey.faults
        )
        let isNew = try await store.insert(statement, at: now()) { body in
            try reader.forEachLine(of: lines) { reading in
                if case .line(let line) = reading { try body(line) }
            }
        }
        guard isNew else { return .knownAlready(as: statement.fileName) }
        return .imported(lines: survey.lines, faults: survey.faults, days: survey.days.sorted())
    }
}

/// A first reading of a file: how much of it there is, on which days, and what is wrong with it.
private struct StatementSurvey {
    var lines = 0
    var days: Set<UsageDay> = []
    var faults: [StatementFault] = []

    init(_ reader: StatementReader, _ file: CSVReader) throws {
        var found = (lines: 0, days: Set<UsageDay>(), faults: [StatementFault]())
        try reader.forEachLine(of: file) { reading in
            switch reading {
            case .line(let line):
                found.lines += 1
                found.days.insert(line.start.usageDay)
            case .fault(let fault):
                guard found.faults.count < StatementImport.maximumFaults else {
                    throw ReconError.badFile(
                        reader.format.name, ["more than \(StatementImport.maximumFaults) lines cannot be read"])
                }
                found.faults.append(fault)
            }
        }
        (lines, days, faults) = found
    }
}
