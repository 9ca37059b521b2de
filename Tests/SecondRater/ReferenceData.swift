public import Foundation

/// The reference data as the files say it, in dictionaries.
public struct ReferenceData: Sendable {
    struct AreaCode: Sendable {
        let type: String
        let country: String
        let state: String?
    }

    struct Block: Sendable {
        let ocn: String?
        let lata: String?
        let state: String?
        let rateCenter: String?
    }

    struct Port: Sendable {
        let lrn: String
        let activated: Int
    }

    struct RespOrg: Sendable {
        let resporg: String?
        let cic: String?
        let ringTo: String?
    }

    var areaCodes: [String: AreaCode] = [:]
    var countries: [String: String] = [:]
    /// By NPA, NXX and thousands digit or `A`, written together.
    var blocks: [String: Block] = [:]
    var ports: [String: [Port]] = [:]
    var respOrgs: [String: RespOrg] = [:]
    /// The areas that a state and a rate centre, joined by a bar, belong to.
    var localAreas: [String: Set<String>] = [:]
    /// Rows of all decks by `deck|scope|prefix`.
    var deckRows: [String: [[String: String]]] = [:]
    /// By type and owner, joined by a bar; default plans have no owner.
    var plans: [String: [JSON]] = [:]
    var customers: [String: JSON] = [:]
    var vendors = JSON.null
    var skus = JSON.null
    var taxes = JSON.null
    var version = JSON.null

    /// Of the files of a directory, read by name.
    public init(reading file: (String) throws -> String) throws {
        for row in CSV.rows(try file("npa.csv")) {
            areaCodes[row["npa"] ?? ""] = AreaCode(
                type: row["type"] ?? "", country: row["country"] ?? "", state: row["state"])
        }
        for row in CSV.rows(try file("country_prefixes.csv")) { countries[row["prefix"] ?? ""] = row["country"] }
        for row in CSV.rows(try file("lerg.csv")) {
            let key = (row["npa"] ?? "") + (row["nxx"] ?? "") + (row["x"] ?? "")
            blocks[key] = Block(
                ocn: row["ocn"], lata: row["lata"], state: row["state"], rateCenter: row["rate_center"])
        }
        for row in CSV.rows(try file("lrn.csv")) {
            let port = Port(lrn: row["lrn"] ?? "", activated: Calendar.instant(row["activated"] ?? "") ?? 0)
            ports[row["number"] ?? "", default: []].append(port)
        }
        for row in CSV.rows(try file("resporg.csv")) {
            respOrgs[row["tfn"] ?? ""] = RespOrg(resporg: row["resporg"], cic: row["cic"], ringTo: row["ring_to"])
        }
        for row in CSV.rows(try file("local_areas.csv")) {
            localAreas[(row["state"] ?? "") + "|" + (row["rate_center"] ?? ""), default: []]
                .insert(row["area_id"] ?? "")
        }
        for row in CSV.rows(try file("decks.csv")) {
            let key = [row["deck"], row["scope"], row["prefix"]].map { $0 ?? "" }.joined(separator: "|")
            deckRows[key, default: []].append(row)
        }
        for plan in try JSON(parsing: try file("rate_plans.json")).elements {
            let key = (plan["type"].string ?? "") + "|" + (plan["customer_id"].string ?? "")
            plans[key, default: []].append(plan)
        }
        for customer in try JSON(parsing: try file("customers.json")).elements {
            customers[customer["ban"].string ?? ""] = customer
        }
        vendors = try JSON(parsing: try file("vendors.json"))
        skus = try JSON(parsing: try file("sku_map.json"))
        taxes = try JSON(parsing: try file("taxes.json"))
        version = try JSON(parsing: try file("meta.json"))["version"]
    }

    public init(directory: URL) throws {
        try self.init { try String(contentsOf: directory.appending(path: $0), encoding: .utf8) }
    }
}
