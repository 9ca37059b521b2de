import Core
import Foundation

/// One vendor of a vendors file: its terms as they are kept, and how it is paid (rule C6).
struct VendorEntry: Hashable, Sendable {
    let name: String
    let deck: String?
    /// The whole object, as JSON.
    let terms: String
    let cycle: VendorCycle
    let netDays: Int
    let method: String
    let format: String?
}

/// Reads `vendors.json`: an object of vendors by name. Every fault of the file is found before anything is written.
struct VendorsFile {
    let entries: [VendorEntry]

    /// How long a vendor may wait for its money.
    static let netDays = 0...180
    private static let methods = ["ach", "wire"]

    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ReconError.badFile(path, ["cannot be read"])
        }
        let document: JSONValue
        do throws(JSONValue.ParsingError) {
            document = try JSONValue(parsing: data)
        } catch {
            throw ReconError.badFile(path, ["not JSON: \(error.message) at byte \(error.offset)"])
        }
        guard let fields = document.fields else {
            throw ReconError.badFile(path, ["an object of vendors by name is wanted"])
        }
        var faults: [String] = []
        entries = fields.compactMap { VendorsFile.entry($0.name, $0.value, &faults) }
        guard faults.isEmpty else { throw ReconError.badFile(path, faults) }
    }

    private static func entry(_ name: String, _ value: JSONValue, _ faults: inout [String]) -> VendorEntry? {
        let before = faults.count
        guard value.fields != nil, (1...50).contains(name.unicodeScalars.count) else {
            faults.append("/\(name): an object is wanted, and a name of 1 to 50 characters")
            return nil
        }
        let payment = value["payment"] ?? .object([])
        let cycle = payment["cycle"].map { $0.string.flatMap(VendorCycle.init) } ?? .monthly
        if cycle == nil {
            faults.append(
                "/\(name)/payment/cycle: one of \(VendorCycle.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let days = payment["net_days"].map { $0.integer ?? -1 } ?? 30
        if !netDays.contains(days) { faults.append("/\(name)/payment/net_days: an integer from 0 to 180") }
        let method = payment["method"].map { $0.string ?? "" } ?? "ach"
        if !methods.contains(method) { faults.append("/\(name)/payment/method: ach or wire") }
        if let deck = value["deck"], deck.string == nil { faults.append("/\(name)/deck: a deck's name") }
        guard faults.count == before, let cycle else { return nil }
        return VendorEntry(
            name: name, deck: value["deck"]?.string, terms: String(decoding: value.canonicalBytes, as: UTF8.self),
            cycle: cycle,
            netDays: days, method: method, format: value["statement_format"]?.string)
    }
}
