import ArgumentParser
import Core
import Drivers
import Reference

/// `billingctl explain --ref DIR < record.json`: the steps by which records come to their amounts.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explains how raw records on standard input come to their amounts.",
        discussion: """
            Takes one record (on one line or on many), an array of records, or a record a line, as a switch or gateway sends \
            them. Prints the steps in plain words: numbers and where they came from, their places, the kind of call and why, \
            the plan and its row, time of day, billed time, each amount before and after its rounding, and, for ourselves, the \
            vendor's side.

            --customer leaves out what is not for the customer. --json prints one JSON object a record for programs.

            Ends with 0, with 1 when some input was no record (its explanation says why), with 2 when the reference data \
            cannot be used.

            Examples:
              billingctl explain --ref reference < call.json
              grep u0001 calls.jsonl | billingctl explain --ref reference --customer
              billingctl explain --ref reference --json < call.json | jq .steps
            """)

    @OptionGroup var reference: ReferenceOptions
    @OptionGroup var records: RecordOptions
    @ArgumentParser.Flag(help: "Print JSON, one object a record.") var json = false
    @ArgumentParser.Flag(help: "Leave out vendor, cost and margin: what can be read to a customer.")
    var customer = false

    func validate() throws {
        if json, customer {
            throw ValidationError("--customer is about the text; JSON marks each step as internal or not")
        }
    }

    func run() throws {
        let snapshot = try reference.load { try $0.snapshot() }
        var explainer = OfflineExplainer(
            snapshot: snapshot, options: records, form: json ? .json : .text(forCustomer: customer))
        var reader = LineReader()
        var output = ChunkWriter()
        while let line = try reader.next() {
            try output.append(try explainer.results(of: line, rest: &reader))
            if !reader.hasLine() { try output.flush() }
        }
        try output.flush()
        if explainer.count == 0 {
            Terminal.note("no record on standard input")
            throw ExitCode(1)
        }
        if explainer.hasRefusals { throw ExitCode(1) }
    }
}

/// Explains records as they come.
struct OfflineExplainer {
    /// How explanations are printed.
    enum Form {
        case json
        case text(forCustomer: Bool)
    }

    let snapshot: RatingSnapshot
    let options: RecordOptions
    let form: Form
    /// How many records there were.
    private(set) var count = 0
    private(set) var hasRefusals = false

    init(snapshot: RatingSnapshot, options: RecordOptions, form: Form) {
        self.snapshot = snapshot
        self.options = options
        self.form = form
    }

    /// What to print for a line. Where the first line is not whole by itself, it and all others are one document.
    mutating func results(of line: LineReader.Line, rest: inout LineReader) throws(StreamError) -> [UInt8] {
        guard case .bytes(let bytes) = line else { return result(of: line) }
        if bytes.isBlank { return [] }
        guard count == 0, !OfflineExplainer.isWhole(bytes) else { return result(of: line) }
        var document = bytes
        while case .bytes(let more)? = try rest.next() { document += [UInt8(ascii: "\n")] + more }
        return results(of: document)
    }

    /// What to print for a document: an object, an array of them, or lines.
    mutating func results(of document: [UInt8]) -> [UInt8] {
        var printed: [UInt8] = []
        for element in OfflineExplainer.elements(of: document) {
            do throws(UnreadableRecord) {
                printed += explanation(of: try options.record(element))
            } catch {
                printed += explanation(of: error)
            }
        }
        return printed
    }

    /// The records of a document; one that is broken as a whole is one broken record.
    static func elements(of document: [UInt8]) -> [JSONRecords.Element] {
        do throws(JSONFault) {
            return Array(try JSONRecords(parsing: document))
        } catch {
            return [.broken(error, rawBytes: document[...])]
        }
    }

    private mutating func result(of line: LineReader.Line) -> [UInt8] {
        do throws(UnreadableRecord) {
            return explanation(of: try options.record(in: line))
        } catch {
            return explanation(of: error)
        }
    }

    private mutating func explanation(of record: UsageRecord) -> [UInt8] {
        if let explanation = snapshot.explain(record, received: options.received) { return printed(explanation) }
        count += 1
        let kind = RecordKind(of: record).name
        let reason = record.reasonForNoAmount ?? ""
        switch form {
        case .text: return separator + Array("A record of kind \(kind): \(reason).\n".utf8)
        case .json:
            var writer = JSONWriter()
            writer.object { writer in
                writer.field("skipped", kind)
                writer.field("reason", reason)
            }
            writer.newline()
            return writer.bytes
        }
    }

    private mutating func explanation(of refusal: UnreadableRecord) -> [UInt8] {
        hasRefusals = true
        return printed(Explanation(refusal: refusal.reason, kind: refusal.kind))
    }

    private mutating func printed(_ explanation: Explanation) -> [UInt8] {
        count += 1
        switch form {
        case .text(let forCustomer): return separator + Array(explanation.text(forCustomer: forCustomer).utf8)
        case .json:
            var writer = JSONWriter(capacity: 8_192)
            explanation.json.write(to: &writer)
            writer.newline()
            return writer.bytes
        }
    }

    /// Between two explanations for a person.
    private var separator: [UInt8] {
        count > 1 ? Array(("\n" + String(repeating: "=", count: 100) + "\n\n").utf8) : []
    }

    /// Whether a line is a JSON document by itself.
    private static func isWhole(_ line: [UInt8]) -> Bool {
        do throws(Core.JSONValue.ParsingError) {
            _ = try Core.JSONValue(parsing: line)
            return true
        } catch {
            return false
        }
    }
}
