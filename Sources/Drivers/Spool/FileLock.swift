import Glibc

/// A lock file (`flock`): held until its last reference, or its process, is gone.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, and makes the file and its directory where there is none; nil where another process, or another lock of this one, has it.
    public init?(path: String) throws(DurableFile.Failure) {
        try DurableFile.makeDirectory(DurableFile.parent(of: path))
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DurableFile.failure(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw DurableFile.failure(path) }
            return nil
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
