/// The sum of amounts within a window that ends at any event: (t − window, t]. Amounts are not negative.
///
/// Its size is bounded. Where there are very many entries, those that cannot matter go first: what is behind an amount that is beyond the limit
/// already leaves the window before that amount does. If that is not enough, neighbours are joined, and count up to a 500th of the window too long.
struct SlidingSum: Hashable, Sendable {
    /// One moment with what fell on it.
    struct Entry: Hashable, Sendable {
        /// Milliseconds since 1970.
        let at: Int64
        var amount: Int64
    }

    /// What an event finds.
    struct Reading: Hashable, Sendable {
        /// The window that ends at the event. Of a late event the largest of those that hold it.
        let sum: Int64
        /// The same without the event.
        let before: Int64
        /// Whether an event of a later moment was there before.
        let isLate: Bool
    }

    /// In milliseconds.
    let window: Int64
    /// How far behind the newest event entries are kept, so that late events find their neighbours.
    let memory: Int64
    private(set) var entries: [Entry] = []
    /// The moment of the newest event, one without an amount too.
    private(set) var newest: Int64?
    /// The first entry within the window of the newest event.
    private var head = 0
    /// The sum of the entries from `head` on.
    private var total: Int64 = 0

    /// More entries than this are made fewer.
    static let capacity = 1_024
    /// Into how many steps a window is cut when neighbours are joined.
    private static let steps: Int64 = 500

    /// An empty sum; without a memory of its own entries are kept for a window.
    init(window: Int64, memory: Int64? = nil) {
        self.window = window
        self.memory = max(memory ?? window, window)
    }

    /// What was kept of a sum; `entries` in the order of time, none later than `newest`.
    init(window: Int64, memory: Int64? = nil, newest: Int64?, entries: [Entry]) {
        self.init(window: window, memory: memory)
        self.newest = newest
        self.entries = entries
        settle()
    }

    /// Takes an amount in (0 only looks). More than `limit` is beyond what is looked for; what cannot matter to that may be forgotten.
    mutating func insert(_ amount: Int64, at now: Int64, limit: Int64) -> Reading {
        if let newest, now < newest { return insertLate(amount, at: now, newest: newest) }
        newest = now
        if amount != 0 { append(amount, at: now) }
        while head < entries.count, entries[head].at <= now - window {
            total -= entries[head].amount
            head += 1
        }
        if entries.count > SlidingSum.capacity { compact(limit: limit) }
        return Reading(sum: total, before: total - amount, isLate: false)
    }

    /// The entries that a late event may still need.
    var kept: ArraySlice<Entry> {
        guard let newest else { return [] }
        return entries[index(after: newest - memory)...]
    }

    private mutating func append(_ amount: Int64, at now: Int64) {
        total += amount
        if let last = entries.last, last.at == now {
            entries[entries.count - 1].amount += amount
        } else {
            entries.append(Entry(at: now, amount: amount))
        }
    }

    /// A late event counts in each window that holds it. One without an amount changes none.
    private mutating func insertLate(_ amount: Int64, at now: Int64, newest: Int64) -> Reading {
        guard amount != 0 else { return Reading(sum: 0, before: 0, isLate: true) }
        // What stood beside it is forgotten, or about to be.
        guard now > newest - memory else { return Reading(sum: amount, before: 0, isLate: true) }
        let place = index(after: now)
        entries.insert(Entry(at: now, amount: amount), at: place)
        if now > newest - window { total += amount } else { head += 1 }
        var first = index(after: max(now - window, newest - memory))
        var sum = entries[first...place].reduce(0) { $0 + $1.amount }
        var largest = sum
        for entry in entries[(place + 1)...] {
            guard entry.at < now + window else { break }
            sum += entry.amount
            while entries[first].at <= entry.at - window {
                sum -= entries[first].amount
                first += 1
            }
            largest = max(largest, sum)
        }
        return Reading(sum: largest, before: largest - amount, isLate: true)
    }

    /// The first entry after a moment.
    private func index(after moment: Int64) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func compact(limit: Int64) {
        guard let newest else { return }
        let enough = SlidingSum.capacity / 2
        entries.removeFirst(index(after: newest - memory))
        if entries.count > enough { forgetBehind(limit) }
        if entries.count > enough { entries.removeFirst(index(after: newest - window)) }
        if entries.count > enough { join() }
        settle()
    }

    /// Keeps the newest entries that are together beyond the limit; as long as one of those behind counts, all of these do.
    private mutating func forgetBehind(_ limit: Int64) {
        guard let newest else { return }
        var sum: Int64 = 0
        for place in entries.indices.reversed() where entries[place].at > newest - window {
            sum += entries[place].amount
            guard sum > limit else { continue }
            entries.removeFirst(place)
            return
        }
    }

    private mutating func join() {
        let step = max(window / SlidingSum.steps, 1)
        var joined: [Entry] = []
        for entry in entries {
            if let last = joined.last, last.at / step == entry.at / step {
                joined[joined.count - 1] = Entry(at: entry.at, amount: last.amount + entry.amount)
            } else {
                joined.append(entry)
            }
        }
        entries = joined
    }

    private mutating func settle() {
        head = newest.map { index(after: $0 - window) } ?? 0
        total = entries[head...].reduce(0) { $0 + $1.amount }
    }
}
