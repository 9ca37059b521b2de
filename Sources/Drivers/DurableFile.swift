import Glibc

/// Files that are there whole or not at all, even when the power fails: written beside their place, flushed to the disk, renamed, and
/// the directory flushed after it. A `.new` file is the draft of a writer that was killed.
public enum DurableFile {
    /// The system refused: the path it refused, and its reason.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let path: String
        public let reason: String

        public var description: String { "\(path): \(reason)" }
    }

    /// Puts the bytes at the path, over whatever is there; directories that are missing on the way are made. The modes follow from
    /// the process's umask.
    public static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let directory = parent(of: path)
        try makeDirectory(directory)
        // A name of its own, so that two writers of one file never write into each other's draft.
        let draft = "\(path).\(Digest.hex(Digest.random(6))).new"
        do throws(Failure) {
            try writeDraft(bytes, to: draft)
            guard rename(draft, path) == 0 else { throw failure(path) }
        } catch {
            unlink(draft)
            throw error
        }
        try flushDirectory(directory)
    }

    private static func writeDraft(_ bytes: [UInt8], to draft: String) throws(Failure) {
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(draft) }
        defer { Glibc.close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure(draft) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw failure(draft) }
    }

    /// A directory that was made is flushed into the one above it.
    private static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o777) != 0 {
            if errno == EEXIST { return }
            guard errno == ENOENT else { throw failure(path) }
            try makeDirectory(parent(of: path))
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
        }
        try flushDirectory(parent(of: path))
    }

    private static func flushDirectory(_ path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ path: String) -> Failure {
        Failure(path: path, reason: String(cString: strerror(errno)))
    }
}
