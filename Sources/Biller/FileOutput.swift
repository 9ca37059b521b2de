import Foundation

/// Files that are there whole or not at all: written beside their place and renamed.
enum FileOutput {
    static func write(_ text: String, to path: String) throws(BillerError) {
        let target = URL(fileURLWithPath: path)
        let draft = target.appendingPathExtension("new")
        do {
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: draft)
            guard rename(draft.path, target.path) == 0 else {
                throw BillerError.file(path: path, problem: String(cString: strerror(errno)))
            }
        } catch let error as BillerError {
            throw error
        } catch {
            throw .file(path: path, problem: "\(error.localizedDescription)")
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
