import Foundation
import Synchronization

/// What time it is, in milliseconds since 1970 UTC: the one clock of every daemon (M30).
///
/// With `clock.file`, the clock is moved. The file holds either an instant, `2026-12-01T06:00:00.000Z`, from which the clock runs on
/// since the file was written (now = instant + real now − modification time, so every daemon agrees), or an offset in whole
/// seconds, `+86400`. It is read again whenever its modification time changes; while it cannot be read, its last content holds.
///
/// Intervals, signatures, tokens and TLS don't use it.
public struct Clock: Sendable {
    private let reading: @Sendable () -> Int64

    /// The machine's own clock.
    public static let system = Clock { realMilliseconds() }

    /// A clock that is moved by a file.
    public init(file: String) {
        let moved = MovedClock(file: file)
        reading = { moved.now() }
    }

    /// A clock that a test moves.
    public init(_ reading: @escaping @Sendable () -> Int64) {
        self.reading = reading
    }

    /// Now, in milliseconds since 1970 UTC.
    public func now() -> Int64 { reading() }

    /// Today's UTC day, as days since 1970.
    public func today() -> Int { Int(floorDivide(now(), 86_400_000)) }
}

/// Why a clock file cannot be used.
struct ClockFileError: Error {
    let problem: String
}

/// One reading of a clock file.
struct ClockReading: Sendable {
    /// What is added to the machine's clock, in milliseconds.
    let offset: Int64
    let modified: Int64

    init(file: String) throws(ClockFileError) {
        guard let modified = modificationMilliseconds(of: file) else {
            throw ClockFileError(problem: "\(file) does not exist or cannot be read")
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ClockFileError(problem: "\(file) cannot be read")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        self.modified = modified
        if let instant = InstantText.parse(text) {
            offset = instant - modified
        } else if text.hasPrefix("+") || text.hasPrefix("-"), let seconds = Int64(text), abs(seconds) < 1 << 40 {
            offset = seconds * 1_000
        } else {
            throw ClockFileError(problem: "\(file) holds neither an instant nor an offset in seconds")
        }
    }
}

/// The clock behind a file; it remembers the last reading.
private final class MovedClock: Sendable {
    private let file: String
    private let last: Mutex<ClockReading?>

    init(file: String) {
        self.file = file
        last = Mutex(nil)
    }

    func now() -> Int64 {
        let modified = modificationMilliseconds(of: file)
        return last.withLock { last in
            if last == nil || (modified != nil && last?.modified != modified) {
                do throws(ClockFileError) {
                    last = try ClockReading(file: file)
                } catch {
                    // The check at start refused a bad file; a file that is being rewritten is read at the next question.
                }
            }
            return realMilliseconds() + (last?.offset ?? 0)
        }
    }
}

/// The machine's clock, in milliseconds since 1970.
func realMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

private func modificationMilliseconds(of file: String) -> Int64? {
    var status = stat()
    guard stat(file, &status) == 0 else { return nil }
    return Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
}
