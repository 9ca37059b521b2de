import Configuration
import Core
import Foundation

/// How one vendor writes its statements: which column means what, and in which dress stamps and amounts come. Read from a file of
/// `deploy/vendors/`, so that a new vendor is a new file and no code.
struct StatementFormat: Sendable {
    let name: String
    let delimiter: Unicode.Scalar
    let skipLines: Int
    let timezone: TimeZone
    let startFormat: StampFormat
    let decimal: Character
    let group: Character?
    let currency: String?
    /// The titles of the columns, by our field.
    let columns: [StatementField: String]

    /// What a statement of calls says of a call.
    enum StatementField: String, CaseIterable, Sendable {
        case callID = "callid"
        case ani, dni, start
        case billedSeconds = "billed_seconds"
        case rate, cost

        /// Without these a line says nothing.
        var isRequired: Bool {
            switch self {
            case .dni, .start, .billedSeconds, .cost: true
            case .callID, .ani, .rate: false
            }
        }
    }

    /// Reads `<directory>/<name>.yaml`; every fault of the file is in the error.
    init(named name: String, in directory: String) async throws {
        let path = "\(directory)/\(name).yaml"
        guard FileManager.default.fileExists(atPath: path) else {
            throw ReconError.badFormat(path, ["there is no such statement format"])
        }
        let config: ConfigReader
        do {
            config = ConfigReader(provider: try await FileProvider<YAMLSnapshot>(filePath: .init(path)))
        } catch {
            throw ReconError.badFormat(path, ["cannot be read: \(error)"])
        }
        var faults: [String] = []
        self.name = name
        if config.string(forKey: "kind") != "calls" {
            faults.append("kind: only statements of calls can be imported so far")
        }
        let delimiter = config.string(forKey: "delimiter", default: ",").unicodeScalars
        if delimiter.count != 1 { faults.append("delimiter: one character") }
        self.delimiter = delimiter.first ?? ","
        skipLines = config.int(forKey: "skip_lines", default: 0)
        if let zone = TimeZone(identifier: config.string(forKey: "timezone", default: "UTC")) {
            timezone = zone
        } else {
            timezone = .gmt
            faults.append("timezone: an IANA name")
        }
        startFormat = StampFormat(config.string(forKey: "start_format", default: "iso8601"))
        decimal = config.string(forKey: "decimal", default: ".").first ?? "."
        group = config.string(forKey: "group", default: "").first
        currency = config.string(forKey: "currency").flatMap { $0.isEmpty ? nil : $0 }
        var columns: [StatementField: String] = [:]
        for field in StatementField.allCases {
            columns[field] = config.string(forKey: ConfigKey("columns.\(field.rawValue)"))
            if columns[field] == nil, field.isRequired { faults.append("columns.\(field.rawValue): is required") }
        }
        self.columns = columns
        guard faults.isEmpty else { throw ReconError.badFormat(path, faults) }
    }

    /// An amount's text as a plain decimal: without currency and thousands marks, with a point.
    func plainDecimal(_ text: String) -> String {
        var text = text.filter { $0 != " " }
        if let currency { text = text.replacing(currency, with: "") }
        if let group { text.removeAll { $0 == group } }
        return decimal == "." ? text : String(text.map { $0 == decimal ? "." : $0 })
    }
}
