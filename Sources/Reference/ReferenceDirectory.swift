public import Core
import Drivers
import Foundation

/// A folder of reference data as files: CSV with a header line and JSON, for installations to check and for tests.
public struct ReferenceDirectory: Sendable {
    /// Where the files are.
    public let path: String

    /// The folder at a path.
    public init(path: String) {
        self.path = path
    }

    /// The rating snapshot of all files. Tables whose file is not there are empty.
    /// - Parameter portedFile: where the ported numbers lie, or are put, as a mapped file; nil holds them in memory.
    public func snapshot(portedFile: String? = nil) throws -> RatingSnapshot {
        let meta = try json("meta.json")
        var builder = ReferenceBuilder(version: meta?["version"]?.string ?? "")
        try readTables(into: &builder)
        if let portedFile {
            builder.setPorts(try ported(in: portedFile).numbers)
        } else {
            try forEachRow("lrn.csv") { try builder.addPort($0) }
        }
        for plan in try json("rate_plans.json")?.elements ?? [] {
            builder.addPlan(try ReferenceDirectory.plan(plan))
        }
        for field in try json("vendors.json")?.fields ?? [] {
            builder.addVendor(VendorTerms(name: VendorName(field.name), field.value))
        }
        for field in try json("sku_map.json")?.fields ?? [] {
            if let sku = field.value.string { builder.addSKU(ClassKey(field.name), sku) }
        }
        for customer in try json("customers.json")?.elements ?? [] {
            let row = try ReferenceDirectory.customer(customer)
            builder.addCustomer(row)
            for number in customer["numbers"]?.elements?.compactMap(\.string) ?? [] {
                builder.addNumber(number, row.ban)
            }
        }
        let (reference, accounts) = builder.finished()
        return RatingSnapshot(RatingTables(reference, accounts))
    }

    /// One JSON file; nil where it is not there.
    public func json(_ name: String) throws -> Core.JSONValue? {
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        let document = try MappedFile(path: file)
        do throws(Core.JSONValue.ParsingError) {
            return try Core.JSONValue(parsing: document.withBytes { Array($0) })
        } catch {
            throw ReferenceFault(place: "\(name):byte \(error.offset)", problem: error.message)
        }
    }

    private func readTables(into builder: inout ReferenceBuilder) throws {
        try forEachRow("npa.csv") { try builder.addAreaCode($0) }
        try forEachRow("country_prefixes.csv") { try builder.addCountryPrefix($0) }
        try forEachRow("lerg.csv") { try builder.addBlock($0) }
        try forEachRow("local_areas.csv") { try builder.addLocalArea($0) }
        try forEachRow("resporg.csv") { try builder.addRespOrg($0) }
        try forEachRow("decks.csv") { try builder.addDeckRow($0) }
        try forEachRow("connectors.csv") { try builder.addConnector($0) }
        try forEachRow("ocn_carriers.csv") { try builder.addCarrier($0) }
    }

    /// The mapped file of `lrn.csv`; written where there is none, or one of another `lrn.csv`.
    private func ported(in target: String) throws -> PortedNumberFile {
        var status = stat()
        let isThere = stat(path + "/lrn.csv", &status) == 0
        let source = isThere ? Int64(status.st_size) << 32 ^ Int64(status.st_mtim.tv_sec) : 0
        if FileManager.default.fileExists(atPath: target) {
            do {
                return try PortedNumberFile(path: target, source: source)
            } catch PortedNumberFile.Fault.otherSource {
                // The table has changed since.
            }
        }
        var ports: [PortedNumbers.Port] = []
        try forEachRow("lrn.csv") { ports.append(try ReferenceBuilder.port($0)) }
        var writer = try PortedNumberFile.Writer(path: target)
        try writer.append(ports.sorted { ($0.number, $0.activated) < ($1.number, $1.activated) })
        try writer.finish(source: source)
        return try PortedNumberFile(path: target, source: source)
    }

    /// The rows of a CSV file by the names of its header; none where it is not there.
    private func forEachRow(_ name: String, _ body: (ReferenceRow) throws -> Void) throws {
        let file = path + "/" + name
        guard FileManager.default.fileExists(atPath: file) else { return }
        var columns: [String: Int]?
        try CSVReader(try MappedFile(path: file)).forEachLine { line in
            let fields: [String]
            let place: String
            switch line {
            case .success(let line):
                fields = line.fields
                place = "\(name):\(line.number)"
            case .failure(let fault): throw ReferenceFault(place: "\(name):\(fault.line)", problem: fault.problem)
            }
            guard let columns else {
                columns = Dictionary(zip(fields, 0...)) { first, _ in first }
                return
            }
            try body(
                ReferenceRow(place: place) { column in
                    guard let index = columns[column], index < fields.count, !fields[index].isEmpty else { return nil }
                    return fields[index]
                })
        }
    }
}

extension ReferenceDirectory {
    /// A plan as `rate_plans.json` writes it.
    static func plan(_ json: Core.JSONValue) throws(ReferenceFault) -> RatePlan {
        let id = json["id"]?.string ?? ""
        let place = "rate_plans.json: \(id)"
        guard let type = json["type"]?.string.flatMap(PlanType.init(rawValue:)), let rates = json["rates"] else {
            throw ReferenceFault(place: place, problem: "a plan has a type and rates")
        }
        var customer: CustomerID?
        if let text = json["customer_id"]?.string {
            guard let id = CustomerID(parsing: text) else {
                throw ReferenceFault(place: place, problem: "customer_id is no UUID")
            }
            customer = id
        }
        guard let effective = json["effective_date"]?.string.flatMap({ UsageDay(parsing: $0) }) else {
            throw ReferenceFault(place: place, problem: "effective_date is no day")
        }
        let expiry = json["expiry_date"]?.string.flatMap { UsageDay(parsing: $0) }
        return RatePlan(
            id: id, name: json["name"]?.string ?? id, type: type, customer: customer, effective: effective,
            expiry: expiry, rates: rates)
    }

    /// A customer as `customers.json` writes one, as far as rating knows it.
    static func customer(_ json: Core.JSONValue) throws(ReferenceFault) -> Accounts.Customer {
        let name = json["ban"]?.string ?? ""
        let place = "customers.json: \(name)"
        let ban: BAN
        do throws(RejectReason) {
            ban = try BAN(parsing: name)
        } catch {
            throw ReferenceFault(place: place, problem: "a customer has a BAN")
        }
        guard let id = json["id"]?.string.flatMap({ CustomerID(parsing: $0) }) else {
            throw ReferenceFault(place: place, problem: "id is no UUID")
        }
        var customer = Accounts.Customer(ban: ban, id: id, btn: json["btn"]?.string)
        if let text = json["margin_alert_pct"]?.string {
            do throws(FixedPoint.ParsingError) {
                customer.marginAlert = try Percentage(parsing: text)
            } catch {
                throw ReferenceFault(place: place, problem: "margin_alert_pct is no decimal with two places")
            }
        }
        return customer
    }
}
