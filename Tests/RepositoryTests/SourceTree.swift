import Foundation

/// The repository as files: what the tests of this target read.
struct SourceTree {
    let root: URL

    init() {
        root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// Paths, relative to the root, of the files below a folder with one of the endings.
    func files(below folder: String, endings: [String]) -> [String] {
        let base = root.appending(path: folder)
        guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: [.isRegularFileKey])
        else {
            return []
        }
        var found: [String] = []
        for case let url as URL in walker where endings.contains(url.pathExtension) {
            found.append(String(url.path.dropFirst(root.path.count + (root.path.hasSuffix("/") ? 0 : 1))))
        }
        return found.sorted()
    }

    /// The lines of a file.
    func lines(_ path: String) throws -> [Substring] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The whole text of a file.
    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
