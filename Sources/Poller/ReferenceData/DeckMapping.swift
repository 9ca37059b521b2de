import Configuration
import Core
import DaemonKit

/// What a mapping file says of one vendor's decks: how they are written, and how a new one follows the last.
struct DeckMapping: Sendable {
    var format = DeckFormat()
    var separator: Unicode.Scalar = ","
    var succession: DeckSuccession?

    /// A mapping that cannot be used: everything that is wrong with it.
    struct Faults: Error, CustomStringConvertible {
        let path: String
        let problems: [String]

        var description: String { problems.map { "\(path): \($0)" }.joined(separator: "\n") }
    }

    /// Nothing is said: columns by their known names, commas between them.
    init() {}

    /// Reads a YAML file; every fault of it is in the error.
    init(path: String) async throws {
        let config: ConfigReader
        let names: [String]
        do {
            let file = try await YAMLFile.read(path)
            config = ConfigReader(provider: file.provider)
            names = file.names
        } catch {
            throw Faults(path: path, problems: ["cannot be read: \(error)"])
        }
        var problems: [String] = []
        for name in names.sorted() where !Self.keys.contains(name) {
            problems.append("the key \(name) is not known; keys are \(Self.keys.joined(separator: ", "))")
        }
        for column in DeckColumn.allCases {
            format.titles[column] = config.string(forKey: ConfigKey("columns.\(column.rawValue)"))
        }
        format.ignored = Set(config.stringArray(forKey: "ignore", default: []))
        format.ignoresUnknown = config.bool(forKey: "ignore_unknown", default: false)
        format.skipLines = config.int(forKey: "skip_lines", default: 0)
        problems += set(
            scope: config.string(forKey: "scope"), dates: config.string(forKey: "dates"),
            effective: config.string(forKey: "effective"), separator: config.string(forKey: "separator"),
            mode: config.string(forKey: "mode"))
        guard problems.isEmpty else { throw Faults(path: path, problems: problems) }
    }

    private static let keys =
        ["dates", "effective", "ignore", "ignore_unknown", "mode", "scope", "separator", "skip_lines"]
        + DeckColumn.allCases.map { "columns.\($0.rawValue)" }

    /// Takes what is given as words, from a file or a command line; what is wrong with them.
    mutating func set(
        scope: String? = nil, dates: String? = nil, effective: String? = nil, separator: String? = nil,
        mode: String? = nil
    ) -> [String] {
        var problems: [String] = []
        func value<Value>(_ text: String?, _ name: String, _ form: String, _ parse: (String) -> Value?) -> Value? {
            guard let text else { return nil }
            let value = parse(text)
            if value == nil { problems.append("\(name) '\(text)' is not \(form)") }
            return value
        }
        if let scope = value(scope, "scope", "domestic or international", RateDeck.Scope.init(rawValue:)) {
            format.scope = scope
        }
        if let order = value(dates, "dates", "mdy or dmy", DeckText.DateOrder.init(rawValue:)) {
            format.dateOrder = order
        }
        if let day = value(effective, "effective", "a day such as 2026-11-22", { UsageDay(parsing: $0) }) {
            format.effective = day
        }
        if let mark = value(separator, "separator", "one ASCII character, or tab", Self.separator) {
            self.separator = mark
        }
        let modes = DeckSuccession.allCases.map(\.rawValue).joined(separator: ", ")
        if let mode = value(mode, "mode", "one of \(modes)", DeckSuccession.init(rawValue:)) { succession = mode }
        return problems
    }

    private static func separator(_ text: String) -> Unicode.Scalar? {
        if text == "tab" || text == "\\t" { return "\t" }
        guard let mark = text.unicodeScalars.first, text.unicodeScalars.count == 1, mark.isASCII else { return nil }
        return mark
    }
}
