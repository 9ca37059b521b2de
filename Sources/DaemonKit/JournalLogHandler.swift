import Foundation
public import Logging

/// One line an event on standard error: journald's priority prefix where the journal reads us, a constant sentence, and the facts
/// as logfmt: `<6>poller: Batch rated duration.ms=12 usage.count=500`.
public struct JournalLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let label: String
    private let journal: Bool
    private let write: @Sendable (String) -> Void

    /// A handler for one label.
    /// - Parameters:
    ///   - journal: whether to put `<6>` in front; true where systemd set `JOURNAL_STREAM`.
    ///   - write: takes one whole line with its newline; standard error unless a test looks.
    public init(
        label: String, level: Logger.Level, journal: Bool,
        write: @escaping @Sendable (String) -> Void = standardErrorLine
    ) {
        self.label = label
        self.logLevel = level
        self.journal = journal
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = journal ? "<\(Self.priority(of: event.level))>" : "\(InstantText.text(realMilliseconds())) "
        if !journal { line += "\(event.level) " }
        line += "\(label): \(Self.oneLine("\(event.message)"))"
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.logfmt("\(value)"))"
        }
        write(line + "\n")
    }

    /// syslog's number for a level.
    static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// A value as logfmt has it: bare, or quoted where it holds a space, a quote, `=` or a control character.
    static func logfmt(_ value: String) -> String {
        let plain = value.unicodeScalars.allSatisfy { $0.value > 32 && $0 != "\"" && $0 != "=" && $0.value != 127 }
        guard !plain || value.isEmpty else { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 32 || scalar.value == 127: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func oneLine(_ message: String) -> String {
        message.replacing("\n", with: " ").replacing("\r", with: " ")
    }
}

/// Writes a line to standard error in one system call, so that lines of several threads don't mix.
@Sendable
public func standardErrorLine(_ line: String) {
    var bytes = Array(line.utf8)[...]
    while !bytes.isEmpty {
        let written = bytes.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
        if written < 0 {
            // A log that cannot be written has nowhere to be reported; a signal is no reason to lose the line.
            if errno == EINTR { continue }
            return
        }
        bytes = bytes.dropFirst(written)
    }
}
