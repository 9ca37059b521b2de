import ArgumentParser
import Drivers
import Reference

/// `billingctl conformance --ref DIR < cases.jsonl > results.jsonl`: runs cases of the rating rules, whatever they expect.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Runs cases of the rating rules on standard input and prints what comes out.",
        discussion: """
            One JSON object a line: id, kind, input. For each one line is printed, in order:

              {"id": …, "actual": {…}}
              {"id": …, "error": "…"} for a case that cannot be run; the run goes on.

            Blank lines are passed over. Any number of cases takes the same memory.

            Ends with 0 whatever the cases come to, with 2 when the reference data cannot be used.

            Example:
              billingctl conformance --ref vectors/ref < vectors/voice.jsonl > results.jsonl
            """)

    @OptionGroup var reference: ReferenceOptions

    func run() throws {
        let conformance = try reference.load { try Conformance(directory: $0) }
        var reader = LineReader()
        var output = ChunkWriter()
        // A line at a time, so that any number of cases runs in the same memory.
        while let line = try reader.next() {
            switch line {
            case .bytes(let bytes): if let result = conformance.result(ofLine: bytes) { try output.append(result) }
            case .tooLong: try output.append(conformance.failed("a case is longer than 64 MiB"))
            }
            if !reader.hasLine() { try output.flush() }
        }
        try output.flush()
    }
}
