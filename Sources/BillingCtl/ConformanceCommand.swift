import ArgumentParser
import Core
import Foundation
import Reference

/// `billingctl conformance --ref DIR < cases.jsonl > results.jsonl`: runs cases of the rating rules, whatever they expect.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Runs cases of the rating rules on standard input and prints what comes out.",
        discussion: """
            One JSON object a line: id, kind, input. For each it prints {"id": …, "actual": {…}}, or {"id": …, "error": "…"} for a
            case that cannot be run. Reference data come from CSV and JSON files in one folder.
            """)

    @Option(name: .long, help: "Folder of the reference data.")
    var ref: String

    func run() throws {
        let conformance = try Conformance(directory: ReferenceDirectory(path: ref))
        // A line at a time, so that any number of cases runs in the same memory.
        while let line = readLine() {
            guard !line.allSatisfy(\.isWhitespace) else { continue }
            FileHandle.standardOutput.write(Data(conformance.result(ofLine: line)))
        }
    }
}
