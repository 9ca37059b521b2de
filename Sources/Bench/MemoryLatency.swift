/// What the machine's memory allows: how long one read takes whose address the read before it gave, as in a look-up.
enum MemoryLatency {
    /// More than any cache of a core holds.
    private static let bytes = 64 << 20
    private static let lineBytes = 64
    private static let reads = 2_000_000

    /// Nanoseconds of a dependent read, by CPU time.
    static func nanoseconds() -> Double {
        let count = bytes / lineBytes
        let wordsOfLine = lineBytes / MemoryLayout<Int>.size
        var random = SystemRandomNumberGenerator()
        let order = (0..<count).shuffled(using: &random)
        var lines = [Int](repeating: 0, count: count * wordsOfLine)
        for place in 0..<count { lines[order[place] * wordsOfLine] = order[(place + 1) % count] }
        let (seconds, last) = coreSeconds {
            var line = 0
            for _ in 0..<reads { line = lines[line * wordsOfLine] }
            return line
        }
        return last >= 0 ? seconds / Double(reads) * 1e9 : 0
    }
}
