import Core
import Drivers
import Foundation
import Reference

/// Two ways to rate the same records did not agree: no figure of theirs means anything.
struct TallyMismatch: Error, CustomStringConvertible {
    let first: Tally
    let second: Tally
    var description: String { "two passes over the same records differ: \(first.text); \(second.text)" }
}

/// `deploy/bench.sh rate`: how fast records are rated, and what the reference data cost.
struct RateBench {
    /// What deploy/bench/gen_rate.py wrote.
    let directory: String

    /// Passes of which the middle one counts: so many that at least this many records are rated.
    private static let fewestRecords = 3_000_000
    /// A month's records, rated again.
    private static let month = 10_000_000
    /// Bodies that the JSON peer reads: it is slow.
    private static let peerBodies = 1_000

    func run(only row: String?) async throws {
        let portedFile = directory + "/ported.bin"
        let (loading, snapshot) = try seconds {
            try ReferenceDirectory(path: directory).snapshot(portedFile: portedFile)
        }
        ProcessHeap.trim()
        let resident = try ProcessMemory.residentBytes() - ProcessMemory.residentBytes(ofFile: portedFile)
        let records = try BenchRecords(path: directory + "/raw_cdrs.jsonl")
        let calls = try records.calls()
        func isWanted(_ name: String) -> Bool { row.map { $0 == name } ?? true }

        if isWanted("rate.parsed") || isWanted("rate.json") || isWanted("rate.rerate10m_s") {
            let parsed = try median { Tally(of: calls.span, by: snapshot) }
            let perSecond = Double(calls.count) / parsed.seconds
            try BenchRow(
                "rate.parsed", perSecond, "records/s",
                peer: ("Swift dictionaries by String, the look-ups alone", try lookUps(of: calls)),
                note: """
                    one core, parsed record to rated with evidence, cold keys; \(parsed.tally.text); a dependent read of \
                    cold memory takes \(Int(MemoryLatency.nanoseconds())) ns here
                    """
            ).print()
            if isWanted("rate.json") { try json(records, by: snapshot, expecting: parsed.tally) }
            if isWanted("rate.rerate10m_s") {
                let month = try await rateMonth(calls, by: snapshot)
                try BenchRow(
                    "rate.rerate10m_s", month.seconds, "s", peer: ("one core", Double(RateBench.month) / perSecond),
                    note: "two cores, \(month.tally.text)"
                ).print()
            }
        }
        if isWanted("rate.deck_load_s") || isWanted("rate.deck_pause_ms") {
            try await DeckBench(directory: directory).run(calls, by: snapshot.tables)
        }
        if isWanted("rate.rss_mb") {
            let before = try ProcessMemory.anonymousBytes()
            let peer = try DictionaryPeer(directory: directory)
            let peerBytes = try ProcessMemory.anonymousBytes() - before
            withExtendedLifetime(peer) {}
            try BenchRow(
                "rate.rss_mb", Double(resident) / 1e6, "MB",
                peer: ("the same rows in Swift dictionaries by String", Double(peerBytes) / 1e6),
                note:
                    "reference data, without the mapped file of ported numbers; loaded from CSV in \(loading.formatted()) s"
            ).print()
        }
    }

    /// Records a second of the peer that only looks up.
    private func lookUps(of calls: [RawCDR]) throws -> Double {
        let keys = DictionaryPeer.keys(of: calls)
        let peer = try DictionaryPeer(directory: directory)
        return Double(keys.count) / coreSeconds { peer.lookUp(keys) }.seconds
    }

    private func json(_ records: BenchRecords, by snapshot: RatingSnapshot, expecting parsed: Tally) throws {
        let json = try median {
            var tally = Tally()
            try records.forEachCall { tally.add(snapshot.rate($0)) }
            return tally
        }
        guard json.tally == parsed else { throw TallyMismatch(first: parsed, second: json.tally) }
        let decoding = try coreSeconds { try DecodedCall.decode(records.bodies.prefix(RateBench.peerBodies)) }
        try BenchRow(
            "rate.json", Double(json.tally.records) / json.seconds, "records/s",
            peer: ("JSONDecoder, decoding alone", Double(decoding.result) / decoding.seconds),
            note: "one core, JSON bytes in bodies of 64 KB to rated with evidence"
        ).print()
    }

    /// The middle one of some passes; all must come to the same.
    private func median(_ pass: () throws -> Tally) throws -> (seconds: Double, tally: Tally) {
        var times: [Double] = []
        var tally: Tally?
        repeat {
            let (time, found) = try coreSeconds(pass)
            if let tally, tally != found { throw TallyMismatch(first: tally, second: found) }
            tally = found
            times.append(time)
        } while times.count * (tally?.records ?? 0) < RateBench.fewestRecords
        return (times.sorted()[times.count / 2], tally ?? Tally())
    }

    /// A month in memory on two cores: the records over and over, each core its half.
    private func rateMonth(_ calls: [RawCDR], by snapshot: RatingSnapshot) async throws -> (
        seconds: Double, tally: Tally
    ) {
        let half = calls.count / 2
        let rounds = RateBench.month / calls.count
        let start = ContinuousClock.now
        let tally = await withTaskGroup(of: Tally.self) { group in
            for part in [0..<half, half..<calls.count] {
                group.addTask {
                    var tally = Tally()
                    for _ in 0..<rounds { tally.add(Tally(of: calls.span.extracting(part), by: snapshot)) }
                    return tally
                }
            }
            return await group.reduce(into: Tally()) { $0.add($1) }
        }
        return ((ContinuousClock.now - start) / .seconds(1), tally)
    }
}

/// How long something took.
func seconds<Result>(_ body: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
    let start = ContinuousClock.now
    let result = try body()
    return ((ContinuousClock.now - start) / .seconds(1), result)
}

/// How much of a core something took, by one thread: what others take of a shared machine is not counted.
func coreSeconds<Result>(_ body: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
    let start = ProcessClock.threadSeconds
    let result = try body()
    return (ProcessClock.threadSeconds - start, result)
}
