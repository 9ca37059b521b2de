import Glibc

/// Files that are there whole or not at all, even when the power fails: written beside their place, flushed to the disk, renamed, and
/// the directory flushed after it. A `.new` file is the draft of a writer that was killed.
public enum DurableFile {
    /// The system refused: the path it refused, and its reason.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let path: String
        public let reason: String
        /// The system's number for it; 0 where the reason is not the system's.
        public let code: Int32

        init(path: String, reason: String, code: Int32 = 0) {
            self.path = path
            self.reason = reason
            self.code = code
        }

        /// Whether there is no such file.
        public var isAbsence: Bool { code == ENOENT }

        public var description: String { "\(path): \(reason)" }
    }

    /// Puts the bytes at the path, over whatever is there; directories that are missing on the way are made. The modes follow from
    /// the process's umask.
    public static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let draft = try Draft(of: path)
        try draft.append(bytes)
        try draft.commit()
    }

    /// A file in the making, for one that is written part by part. Without `commit` it is gone with its last reference.
    public final class Draft {
        private let path: String
        // A name of its own, so that two writers of one file never write into each other's draft.
        private let name: String
        private let descriptor: Int32
        /// What was appended and is not in the file yet.
        private var waiting: [UInt8] = []
        private var isCommitted = false

        private static let bufferSize = 1 << 20

        /// An empty draft of the file of this path.
        public init(of path: String) throws(Failure) {
            try DurableFile.makeDirectory(DurableFile.parent(of: path))
            self.path = path
            name = "\(path).\(Digest.hex(Digest.random(6))).new"
            descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw DurableFile.failure(name) }
        }

        deinit {
            if descriptor >= 0 { Glibc.close(descriptor) }
            if !isCommitted { unlink(name) }
        }

        /// Writes on.
        public func append(_ bytes: [UInt8]) throws(Failure) {
            waiting += bytes
            if waiting.count >= Draft.bufferSize { try flush() }
        }

        /// Writes over the file's first bytes: a header that is known last.
        public func overwriteStart(_ bytes: [UInt8]) throws(Failure) {
            try flush()
            guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else { throw DurableFile.failure(name) }
        }

        /// Puts the draft at its path, flushed, over whatever is there.
        public func commit() throws(Failure) {
            try flush()
            guard fsync(descriptor) == 0 else { throw DurableFile.failure(name) }
            guard rename(name, path) == 0 else { throw DurableFile.failure(path) }
            isCommitted = true
            try DurableFile.flushDirectory(DurableFile.parent(of: path))
        }

        private func flush() throws(Failure) {
            var written = 0
            while written < waiting.count {
                let count = waiting[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw DurableFile.failure(name) }
                written += count
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }

    /// A directory that was made is flushed into the one above it.
    static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o777) != 0 {
            if errno == EEXIST { return }
            guard errno == ENOENT else { throw failure(path) }
            try makeDirectory(parent(of: path))
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
        }
        try flushDirectory(parent(of: path))
    }

    static func flushDirectory(_ path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    /// The names in a directory, in no order; none where there is no such directory.
    public static func names(in path: String) throws(Failure) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw failure(path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func failure(_ path: String) -> Failure {
        Failure(path: path, reason: String(cString: strerror(errno)), code: errno)
    }
}
