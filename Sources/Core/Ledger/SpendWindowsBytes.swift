extension SpendWindows {
    /// The first byte of `bytes`: what follows is written otherwise under another one.
    private static let form: UInt8 = 1

    /// The windows as they are kept: a few bytes an event.
    public var bytes: [UInt8] {
        var writer = VarintWriter()
        writer.bytes.append(SpendWindows.form)
        let mask = FraudCheck.allCases.enumerated().reduce(UInt64(0)) { mask, check in
            fired.contains(check.element) ? mask | 1 << UInt64(check.offset) : mask
        }
        writer.add(mask)
        for sum in [callStarts, newCountries, spend, depletion, internationalSeconds, paymentFailures] {
            let entries = sum.kept
            writer.add(UInt64(entries.count))
            writer.add(signed: sum.newest ?? 0)
            // From the newest back: the distances are small.
            var next = sum.newest ?? 0
            for entry in entries.reversed() {
                writer.add(signed: next - entry.at)
                writer.add(signed: entry.amount)
                next = entry.at
            }
        }
        writer.add(UInt64(lastCalled.count))
        for (country, at) in lastCalled.sorted(by: { $0.key < $1.key }) {
            writer.add(UInt64(country.utf8.count))
            writer.bytes += country.utf8
            writer.add(signed: (callStarts.newest ?? 0) - at)
        }
        return writer.bytes
    }

    /// The windows that were kept as these bytes; nil where they are none.
    public init?(bytes: [UInt8]) {
        var reader = VarintReader(bytes: bytes)
        guard reader.byte() == SpendWindows.form, let mask = reader.number() else { return nil }
        self.init()
        fired = Set(FraudCheck.allCases.enumerated().filter { mask & 1 << UInt64($0.offset) != 0 }.map(\.element))
        let paths: [WritableKeyPath<SpendWindows, SlidingSum>] = [
            \.callStarts, \.newCountries, \.spend, \.depletion, \.internationalSeconds, \.paymentFailures,
        ]
        for path in paths {
            guard let sum = reader.sum(like: self[keyPath: path]) else { return nil }
            self[keyPath: path] = sum
        }
        guard let countries = reader.number() else { return nil }
        for _ in 0..<min(countries, 1_000) {
            guard let country = reader.text(), let ago = reader.signed() else { return nil }
            lastCalled[country] = (callStarts.newest ?? 0) &- ago
        }
        guard reader.isAtEnd else { return nil }
    }
}

/// Whole numbers in as few bytes as they need: seven bits a byte, the lowest first.
private struct VarintWriter {
    var bytes: [UInt8] = []

    mutating func add(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The sign becomes the lowest bit.
    mutating func add(signed number: Int64) { add(UInt64(bitPattern: number << 1 ^ number >> 63)) }
}

private struct VarintReader {
    let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func byte() -> UInt8? {
        guard index < bytes.count else { return nil }
        index += 1
        return bytes[index - 1]
    }

    mutating func number() -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }

    mutating func signed() -> Int64? {
        number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    mutating func text() -> String? {
        guard let count = number(), count <= UInt64(bytes.count - index) else { return nil }
        let end = index + Int(count)
        defer { index = end }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }

    /// A sum with the window and memory of an empty one.
    mutating func sum(like empty: SlidingSum) -> SlidingSum? {
        guard let count = number(), let newest = signed(), count <= UInt64(bytes.count - index) else { return nil }
        guard newest != 0 || count > 0 else { return empty }
        var entries: [SlidingSum.Entry] = []
        entries.reserveCapacity(Int(count))
        var at = newest
        for _ in 0..<count {
            guard let ago = signed(), ago >= 0, let amount = signed() else { return nil }
            at &-= ago
            entries.append(SlidingSum.Entry(at: at, amount: amount))
        }
        return SlidingSum(window: empty.window, memory: empty.memory, newest: newest, entries: entries.reversed())
    }
}
