import Core

/// The answers of the last minutes, by number. Bounded: of two halves the older one is forgotten when the younger is full.
struct LRNCache: Sendable {
    private struct Entry {
        let answer: LRNAnswer
        let until: Instant
    }

    private let seconds: Int
    private let halfSize: Int
    private var young: [NationalNumber: Entry] = [:]
    private var old: [NationalNumber: Entry] = [:]

    /// A cache of at most so many numbers, each for so many seconds.
    init(seconds: Int, numbers: Int) {
        self.seconds = seconds
        halfSize = max(1, numbers / 2)
    }

    /// The answer that is still good.
    func answer(about number: NationalNumber, at now: Instant) -> LRNAnswer? {
        guard let entry = young[number] ?? old[number], now < entry.until else { return nil }
        return entry.answer
    }

    /// Keeps an answer.
    mutating func keep(_ answer: LRNAnswer, about number: NationalNumber, at now: Instant) {
        guard seconds > 0 else { return }
        if young.count >= halfSize, young[number] == nil {
            old = young
            young = [:]
        }
        young[number] = Entry(answer: answer, until: now.advanced(seconds: seconds))
    }

    /// How many numbers are kept, at most.
    var count: Int { young.count + old.count }
}
