import Foundation
import Logging

/// A directory in which vendors' files are dropped: `<vendor>-….csv` is imported once it has stopped growing.
actor StatementFolder {
    private let directory: String
    private let importer: StatementImport
    private let logger: Logger
    private var sizes: [String: Int] = [:]
    /// The size at which a file was taken or refused; another size is another file.
    private var settled: [String: Int] = [:]

    init(directory: String, importer: StatementImport, logger: Logger) {
        self.directory = directory
        self.importer = importer
        self.logger = logger
    }

    /// Looks once; a file whose size has not changed since the last look is imported. A file that was taken, or refused, is not
    /// looked at again until its size changes.
    func look() async throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() where name.hasSuffix(".csv")
        {
            let path = "\(directory)/\(name)"
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard sizes[path] == size else {
                sizes[path] = size
                continue
            }
            guard settled[path] != size else { continue }
            guard let vendor = name.split(separator: "-").first else { continue }
            do {
                let outcome = try await importer.run(file: path, vendor: String(vendor), format: nil, invoiceDate: nil)
                logger.info(
                    "Statement taken",
                    metadata: ["statement.file": "\(name)", "statement.outcome": "\(outcome.summary)"])
            } catch let error as ReconError {
                logger.error(
                    "Statement refused", metadata: ["statement.file": "\(name)", "failure.detail": "\(error)"])
            }
            settled[path] = size
        }
    }
}

extension StatementImport.Outcome {
    /// One word and a number, for the log.
    var summary: String {
        switch self {
        case .imported(let lines, let faults, _): "imported \(lines), put aside \(faults.count)"
        case .knownAlready: "known already"
        }
    }
}
