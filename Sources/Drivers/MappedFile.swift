import COpenSSL
import Glibc

/// A file mapped read-only. It must not be shortened while it is mapped: replace it by renaming another over it.
public final class MappedFile: @unchecked Sendable {
    public enum Failure: Error, Sendable, Equatable {
        /// It can't be opened or mapped: the system's reason.
        case unreadable(path: String, reason: String)
        /// Its SHA-256 is not the one expected.
        case checksumMismatch(path: String)
    }

    /// Never written after `init`, so that any thread may read it.
    private let bytes: UnsafeRawBufferPointer

    /// Maps the file; with a checksum, reads it once and compares.
    public init(path: String, expectedSHA256: [UInt8]? = nil) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw MappedFile.failure(path) }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw MappedFile.failure(path) }
        let size = Int(status.st_size)
        if size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            let start = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
            guard let start, start != MAP_FAILED else { throw MappedFile.failure(path) }
            bytes = UnsafeRawBufferPointer(start: start, count: size)
        }
        if let expectedSHA256, Digest.sha256(bytes) != expectedSHA256 { throw .checksumMismatch(path: path) }
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    public var count: Int { bytes.count }

    /// The file's bytes, for the length of the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// SHA-256 of the whole file.
    public var sha256: [UInt8] { withBytes { Digest.sha256($0) } }

    private static func failure(_ path: String) -> Failure {
        .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
}
