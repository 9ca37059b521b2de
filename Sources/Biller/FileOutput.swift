import Drivers
import Foundation

/// Files of the biller, with faults in its own words.
enum FileOutput {
    static func write(_ text: String, to path: String) throws(BillerError) {
        do throws(DurableFile.Failure) {
            try DurableFile.write(Array(text.utf8), to: path)
        } catch {
            throw .file(path: path, problem: error.reason)
        }
    }

    static func read(_ path: String) throws(BillerError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .file(path: path, problem: "cannot be read")
        }
    }
}
