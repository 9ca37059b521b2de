import DaemonKit
import Foundation
import Logging

/// A directory in which vendors' files are dropped: `<vendor>-….csv` is imported once it has stopped growing.
actor StatementFolder {
    private let directory: String
    private let importer: StatementImport
    private let logger: Logger
    /// What files looked like at the last look.
    private var seen: [String: Version] = [:]
    /// What a file looked like when it was taken, or refused for a fault of its own; changed, it is another file.
    private var settled: [String: Version] = [:]
    /// Why a file waits, as it was told once.
    private var told: [String: String] = [:]

    /// What tells a file from the one that replaces it under the same name.
    private struct Version: Equatable {
        let size: Int
        let modified: Date
    }

    init(directory: String, importer: StatementImport, logger: Logger) {
        self.directory = directory
        self.importer = importer
        self.logger = logger
    }

    /// Looks once; a file that has not changed since the last look is imported. One that was taken, or is faulty itself, is left
    /// alone until it changes; one that lacks something else, such as its vendor, is tried at each look. No file holds up another.
    func look() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".csv") }
        forgetAll(but: Set(names))
        for name in names.sorted() {
            guard let vendor = name.split(separator: "-").first else { continue }
            Watchdog.progressed()
            do {
                let version = try version(of: name)
                let before = seen.updateValue(version, forKey: name)
                guard before == version, settled[name] != version else { continue }
                try await take(name, version, vendor: String(vendor))
            } catch let error as CancellationError {
                throw error
            } catch {
                // It went away between two steps, PostgreSQL did, or something is lacking that may come: next look.
                tell("Statement waits", name, "\(error)")
            }
        }
    }

    private func take(_ name: String, _ version: Version, vendor: String) async throws {
        do {
            let outcome = try await importer.run(
                file: "\(directory)/\(name)", vendor: vendor, format: nil, invoiceDate: nil)
            logger.info(
                "Statement taken", metadata: ["statement.file": "\(name)", "statement.outcome": "\(outcome.summary)"])
        } catch let error as ReconError where error.isOfFile {
            tell("Statement refused", name, error.description)
        }
        settled[name] = version
    }

    private func version(of name: String) throws -> Version {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
        return Version(
            size: attributes[.size] as? Int ?? 0, modified: attributes[.modificationDate] as? Date ?? .distantPast)
    }

    /// Logs what became of a file, unless that was the last that was said of it.
    private func tell(_ sentence: Logger.Message, _ name: String, _ detail: String) {
        guard told.updateValue(detail, forKey: name) != detail else { return }
        logger.error(sentence, metadata: ["statement.file": "\(name)", "failure.detail": "\(detail)"])
    }

    private func forgetAll(but names: Set<String>) {
        seen = seen.filter { names.contains($0.key) }
        settled = settled.filter { names.contains($0.key) }
        told = told.filter { names.contains($0.key) }
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
