import Core
import Drivers
import Foundation
import Reference

/// The peer of rating: the same reference data in Swift dictionaries by digit strings, and of each call the look-ups alone, with
/// keys that are made beforehand. It classifies nothing, prices nothing and writes no evidence down.
struct DictionaryPeer {
    private var ported: [String: String] = [:]
    private var blocks: [String: String] = [:]
    private var decks: [String: [String: (interstate: String, intrastate: String)]] = [:]

    /// The keys of a call.
    struct Call {
        let ani: String
        let dnis: String
        let vendor: String
    }

    /// Reads `lrn.csv`, `lerg.csv` and the domestic rows of `decks.csv`.
    init(directory: String) throws {
        try DictionaryPeer.forEachRow(directory + "/lrn.csv") { ported[$0[0]] = $0[1] }
        try DictionaryPeer.forEachRow(directory + "/lerg.csv") { blocks[$0[0] + $0[1] + $0[2]] = $0[5] }
        try DictionaryPeer.forEachRow(directory + "/decks.csv") { row in
            guard row[1] == "domestic" else { return }
            decks[row[0], default: [:]][row[2]] = (row[3], row[4])
        }
    }

    /// The keys of those calls whose numbers are plain ten digits.
    static func keys(of calls: [RawCDR]) -> [Call] {
        calls.compactMap { call in
            guard let ani = call.rawANI, let dnis = call.dni, let vendor = call.selectedVendor,
                NationalNumber(parsing: ani) != nil, NationalNumber(parsing: dnis) != nil
            else { return nil }
            return Call(ani: ani, dnis: dnis, vendor: vendor.text)
        }
    }

    /// Does the look-ups; returns how many found something.
    func lookUp(_ calls: [Call]) -> Int {
        var found = 0
        for call in calls {
            let aniRoute = ported[call.ani] ?? call.ani
            let dnisRoute = ported[call.dnis] ?? call.dnis
            if block(aniRoute) != nil { found += 1 }
            if block(dnisRoute) != nil { found += 1 }
            if let deck = decks[call.vendor], row(dnisRoute, deck) != nil { found += 1 }
        }
        return found
    }

    private func block(_ number: String) -> String? {
        blocks[String(number.prefix(7))] ?? blocks[String(number.prefix(6)) + "A"]
    }

    private func row(_ number: String, _ deck: [String: (interstate: String, intrastate: String)])
        -> (interstate: String, intrastate: String)?
    {
        deck[String(number.prefix(7))] ?? deck[String(number.prefix(6))] ?? deck[String(number.prefix(3))]
    }

    private static func forEachRow(_ path: String, _ body: ([String]) -> Void) throws {
        var isHeader = true
        try CSVReader(try MappedFile(path: path)).forEachLine { line in
            let fields = try line.get().fields
            if !isHeader { body(fields) }
            isHeader = false
        }
    }
}

/// The peer of reading JSON: Foundation's decoder, of the fields that rating reads.
struct DecodedCall: Decodable {
    let sipUuid: String
    let sipFrom: String?
    let sipRpid: String?
    let sipRuri: String?
    let sipPai: String?
    let sipPci: String?
    let customerBan: String?
    let rawAni: String?
    let dni: String?
    let direction: String?
    let selectedVendor: String?
    let startStamp: String?
    let answerStamp: String?
    let endStamp: String?
    let createdAt: String?

    /// Decodes the lines of bodies; returns how many there were.
    static func decode(_ bodies: some Sequence<[UInt8]>) throws -> Int {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var count = 0
        for body in bodies {
            for line in body.split(separator: UInt8(ascii: "\n")) {
                if try decoder.decode(DecodedCall.self, from: Data(line)).sipUuid.isEmpty { continue }
                count += 1
            }
        }
        return count
    }
}
