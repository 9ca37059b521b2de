import Core
import Drivers
import Foundation

/// The directory of the mapped files of ported numbers: one file for each load, `ported-<load>.bin`. Processes of one host share it.
///
/// The table in the database is the truth: a file that is missing or no good is written from it again.
public struct PortedNumberFiles: Sendable {
    /// Where the files are.
    public let directory: String
    private let report: @Sendable (_ problem: String) -> Void

    /// The files of a directory, which is made where it is missing. `report` hears of files that are refused.
    public init(directory: String, report: @escaping @Sendable (_ problem: String) -> Void = { _ in }) {
        self.directory = directory
        self.report = report
    }

    /// The file of a load, mapped; written first where there is none that can be used.
    func file(
        ofLoad load: Int64, write: (inout PortedNumberFile.Writer) throws -> Void
    ) throws -> PortedNumberFile {
        let path = "\(directory)/ported-\(load).bin"
        if FileManager.default.fileExists(atPath: path) {
            do {
                return try PortedNumberFile(path: path, source: load)
            } catch let fault as PortedNumberFile.Fault {
                report("\(fault)")
            }
        }
        var writer = try PortedNumberFile.Writer(path: path)
        try write(&writer)
        try writer.finish(source: load)
        try removeOthers(than: path)
        return try PortedNumberFile(path: path, source: load)
    }

    /// Earlier loads' files go; who has one mapped keeps it until the next swap.
    private func removeOthers(than path: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let other = "\(directory)/\(name)"
            guard name.hasPrefix("ported-"), name.hasSuffix(".bin"), other != path else { continue }
            do {
                try FileManager.default.removeItem(atPath: other)
            } catch CocoaError.fileNoSuchFile {
                // Another process was quicker.
            }
        }
    }
}
