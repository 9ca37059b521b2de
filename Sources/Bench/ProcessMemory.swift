import Foundation

/// What the process holds of the machine's memory, as the kernel counts it.
enum ProcessMemory {
    /// Resident bytes, those of mapped files included.
    static func residentBytes() throws -> Int {
        try sum(ofField: "VmRSS:", in: "/proc/self/status") { _ in true }
    }

    /// Resident bytes of the heap and the like: no file's.
    static func anonymousBytes() throws -> Int {
        try sum(ofField: "RssAnon:", in: "/proc/self/status") { _ in true }
    }

    /// Resident bytes of one mapped file.
    static func residentBytes(ofFile path: String) throws -> Int {
        let name = URL(filePath: path).lastPathComponent
        var isFile = false
        return try sum(ofField: "Rss:", in: "/proc/self/smaps") { line in
            // A mapping begins with its addresses and ends with its file; its fields follow, each with a colon.
            if line.first?.hasSuffix(":") == false { isFile = line.last?.hasSuffix("/" + name) ?? false }
            return isFile
        }
    }

    /// The sum of a field, in bytes, of the places that count.
    private static func sum(ofField field: String, in file: String, counts: ([Substring]) -> Bool) throws -> Int {
        var sum = 0
        // These files have no length: they are read until nothing more comes.
        let handle = try FileHandle(forReadingFrom: URL(filePath: file))
        defer { handle.closeFile() }
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard counts(words), line.hasPrefix(field) else { continue }
            sum += Int(line.filter(\.isNumber)) ?? 0
        }
        return sum * 1_024
    }
}

/// What the threads of the process have run.
enum ProcessClock {
    /// Seconds of CPU that this thread has used.
    static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
