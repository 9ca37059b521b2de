import Core
import Drivers
import Reference

/// A deck's file that was read: its rows, and every fault with its line.
struct DeckFile: Sendable {
    let path: String
    let checksum: [UInt8]
    let imported: DeckImport

    /// Reads a file.
    /// - Throws: `MappedFile.Failure`.
    init(path: String, format: DeckFormat, separator: Unicode.Scalar = ",") throws {
        self.path = path
        let file = try MappedFile(path: path)
        checksum = file.sha256
        imported = DeckImport(CSVReader(file, separator: separator), format)
    }

    /// Its faults as those of a load; nil where it has none.
    var faults: FileFaults? {
        guard !imported.faults.isEmpty else { return nil }
        return FileFaults(
            faults: imported.faults.map { FileFault(file: path, place: "\($0.line)", problem: $0.problem) },
            omitted: imported.omitted)
    }
}
