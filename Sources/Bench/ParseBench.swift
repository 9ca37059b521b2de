import ArgumentParser
import Reference

/// `billing-bench parse`
struct ParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Reading: calls a second and core, from JSON bytes to the parsed record.")

    @Option(help: "A file of calls, one line of JSON each.") var data: String

    func run() throws {
        try ParseBench(path: data).run()
    }
}

/// How fast JSON becomes records, without rating them.
struct ParseBench {
    /// Lines of JSON, each a call.
    let path: String

    /// Passes of which the middle one counts.
    private static let passes = 3
    /// Bodies that the JSON peer reads: it is slow.
    private static let peerBodies = 300

    func run() throws {
        let records = try BenchRecords(path: path)
        var times: [Double] = []
        var calls = 0
        for _ in 0..<ParseBench.passes {
            calls = 0
            times.append(try coreSeconds { try records.forEachCall { _ in calls += 1 } }.seconds)
        }
        let decoding = try coreSeconds { try DecodedCall.decode(records.bodies.prefix(ParseBench.peerBodies)) }
        try BenchRow(
            "ingest.parse", Double(calls) / times.sorted()[ParseBench.passes / 2], "records/s",
            peer: ("JSONDecoder", Double(decoding.result) / decoding.seconds),
            note: "one core, JSON bytes in bodies of 64 KB to all fields of a call; \(calls) records"
        ).print()
    }
}
