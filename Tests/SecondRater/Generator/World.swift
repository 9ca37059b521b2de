/// A small random carrier: reference files, and what cases are made of.
public struct World: Sendable {
    /// Contents by file name.
    public private(set) var files: [String: String] = [:]
    let numbers: NumberPool
    let customers: [String]
    let vendors: [String]
    /// Milliseconds at which something begins, ends or changes.
    private(set) var instants: [Int] = []
    private(set) var plans: [JSON] = []

    static let carriers = ["T-Mobile", "AT&T", "Verizon"]
    private static let rateCenters = ["CHICAGO", "SPRINGFIELD", "AURORA", "KANSASCITY"]

    public init(_ random: inout SplitMix) {
        numbers = NumberPool(&random)
        customers = (1...5).map { "BAN\($0)" }
        vendors = ["alpha", "beta", "gamma"]
        instants = ["2025-03-09T07:00:00Z", "2025-03-30T01:00:00Z", "2025-11-02T06:00:00Z", "2025-06-16T00:00:00Z"]
            .compactMap(Calendar.instant)
        files["meta.json"] = JSON.object(["version": .string("world-" + random.digits(4))]).text
        addNumbering(&random)
        addPorting(&random)
        addDecks(&random)
        addPlans(&random)
        addCustomers(&random)
        addVendors(&random)
        addMaps(&random)
    }

    private static func csv(_ header: String, _ rows: [[String]]) -> String {
        ([header] + rows.map { $0.joined(separator: ",") }).joined(separator: "\n") + "\n"
    }

    private mutating func addNumbering(_ random: inout SplitMix) {
        var codes: [[String]] = []
        for area in NumberPool.domestic + NumberPool.neighbours {
            codes.append([area.npa, "geo", area.country, area.state])
        }
        for code in NumberPool.personalCodes { codes.append([code, "nongeo", "US", ""]) }
        for code in ["600", "622"] { codes.append([code, "nongeo", "CA", ""]) }
        for code in NumberPool.tollFreeCodes { codes.append([code, "tollfree", "US", ""]) }
        for code in NumberPool.reservedCodes { codes.append([code, "tollfree_reserved", "US", ""]) }
        codes.append(["900", "premium", "US", ""])
        files["npa.csv"] = Self.csv("npa,type,country,state", codes)
        files["country_prefixes.csv"] = Self.csv("prefix,country", NumberPool.countries.map { [$0.0, $0.1] })

        var blocks: [[String]] = []
        var seen: Set<String> = []
        func block(_ number: String, _ thousands: String, _ random: inout SplitMix) -> [String] {
            let area = NumberPool.domestic.first { number.hasPrefix($0.npa) }
            let rateCenter = random.chance(20) ? "" : random.pick(Self.rateCenters)
            return [
                String(number.prefix(3)), String(number.dropFirst(3).prefix(3)), thousands, random.digits(4),
                random.chance(5) ? "" : random.digits(3), random.chance(4) ? "" : area?.state ?? "", rateCenter,
                "SW" + random.digits(4),
            ]
        }
        for number in numbers.geographic + numbers.routing where !number.dropFirst(3).hasPrefix("499") {
            if seen.insert(String(number.prefix(6))).inserted, random.chance(80) {
                blocks.append(block(number, "A", &random))
            }
            if seen.insert(String(number.prefix(7))).inserted, random.chance(30) {
                blocks.append(block(number, String(number.dropFirst(6).prefix(1)), &random))
            }
        }
        files["lerg.csv"] = Self.csv("npa,nxx,x,ocn,lata,state,rate_center,switch", blocks)
        var areas: Set<String> = []
        for _ in 0..<8 {
            areas.insert(
                "LCA\(random.number(1...3)),\(random.pick(NumberPool.domestic).state),\(random.pick(Self.rateCenters))")
        }
        files["local_areas.csv"] = (["area_id,state,rate_center"] + areas.sorted()).joined(separator: "\n") + "\n"
    }

    private mutating func addPorting(_ random: inout SplitMix) {
        var ports: [[String]] = []
        for number in Set(numbers.geographic).sorted() where random.chance(40) {
            var days: Set<Int> = []
            for _ in 0..<random.number(1...2) { days.insert(Calendar.day(2025, 1, 1) + random.number(-400...300)) }
            for day in days.sorted() {
                let at = day * Calendar.dayLength + random.number(0...86_399) * 1000
                instants.append(at)
                ports.append([number, random.pick(numbers.routing), random.digits(4), Calendar.text(instant: at)])
            }
        }
        files["lrn.csv"] = Self.csv("number,lrn,spid,activated", ports)
        var rows: [[String]] = []
        for number in Set(numbers.tollFree).sorted() where random.chance(75) {
            let ringTo = random.chance(70) ? random.pick(numbers.geographic) : ""
            rows.append([
                number, "ABC0\(random.number(1...9))", random.digits(4), random.pick(["working", "spare"]), ringTo,
            ])
        }
        files["resporg.csv"] = Self.csv("tfn,resporg,cic,status,ring_to", rows)
    }

    private mutating func addDecks(_ random: inout SplitMix) {
        let header =
            "deck,scope,prefix,interstate,intrastate,local,indeterminate,rate,initial_increment,subsequent_increment,"
            + "minimum_seconds,grace_seconds,connect_fee,effective_date,end_date"
        var rows: [[String]] = []
        var seen: Set<String> = []
        func dates(_ key: String, _ random: inout SplitMix) -> [String]? {
            let from = Calendar.day(2025, 1, 1) + random.pick([-400, -300, -90, 10, 67, 160])
            guard seen.insert(key + "|\(from)").inserted else { return nil }
            let end = random.chance(30) ? from + random.number(1...200) : nil
            instants.append(from * Calendar.dayLength)
            if let end { instants.append(end * Calendar.dayLength) }
            return [Calendar.text(day: from), end.map { Calendar.text(day: $0) } ?? ""]
        }
        func terms(_ random: inout SplitMix) -> [String] {
            let terms = PlanMaker.terms(&random)
            return [
                "initial_increment", "subsequent_increment", "minimum_seconds", "grace_seconds", "connect_fee",
            ].map { terms[$0].string ?? terms[$0].integer.map(String.init) ?? "" }
        }
        for deck in ["retail-a", "retail-b", "alpha", "beta"] {
            for number in numbers.geographic + numbers.routing + numbers.personal where random.chance(55) {
                let prefix = String(number.prefix(random.pick([3, 3, 6, 6, 7])))
                guard let dates = dates("\(deck)|d|\(prefix)", &random) else { continue }
                var columns = [75, 60, 30, 30].map { random.chance($0) ? random.rate() : "" }
                if columns.allSatisfy(\.isEmpty) { columns[random.number(0...3)] = random.rate() }
                rows.append([[deck, "domestic", prefix], columns, [""], terms(&random), dates].flatMap { $0 })
            }
            for number in numbers.foreign where random.chance(80) {
                let prefix = String(number.prefix(random.number(number.hasPrefix("1") ? 4...7 : 1...6)))
                guard let dates = dates("\(deck)|i|\(prefix)", &random) else { continue }
                rows.append(
                    [[deck, "international", prefix, "", "", "", "", random.rate()], terms(&random), dates].flatMap {
                        $0
                    })
            }
        }
        files["decks.csv"] = Self.csv(header, rows)
    }

    private mutating func addPlans(_ random: inout SplitMix) {
        let maker = PlanMaker(numbers: numbers)
        var plans: [JSON] = []
        func add(_ owner: JSON, _ type: String, _ random: inout SplitMix) {
            let from = Calendar.day(2025, 1, 1) + random.pick([-400, -400, -300, -100, 0, 68, 300])
            let end = random.chance(25) ? from + random.number(1...300) : nil
            instants.append(from * Calendar.dayLength)
            if let end { instants.append(end * Calendar.dayLength) }
            let id = "plan-\(plans.count)-" + random.digits(2)
            plans.append([
                "id": .string(id), "name": .string(id), "type": .string(type), "customer_id": owner,
                "effective_date": .string(Calendar.text(day: from)),
                "expiry_date": .text(end.map { Calendar.text(day: $0) }), "rates": maker.rates(type, &random),
            ])
        }
        for type in ["voice", "tollfree", "sms", "api"] {
            for _ in 0..<random.pick([0, 1, 1, 2, 2, 3]) { add(.null, type, &random) }
            for index in customers.indices where random.chance(80) {
                for _ in 0..<random.number(1...2) { add(.string(Self.id(index)), type, &random) }
            }
        }
        self.plans = plans
        files["rate_plans.json"] = JSON.array(plans).text
    }

    private static func id(_ index: Int) -> String { "00000000-0000-4000-8000-00000000000\(index + 1)" }

    private mutating func addCustomers(_ random: inout SplitMix) {
        let customers = customers.enumerated().map { index, ban -> JSON in
            let btn: JSON = random.pick(weighted: [
                (5, .string(random.pick(numbers.geographic))), (1, .string(random.pick(numbers.tollFree))), (2, .null),
            ])
            return [
                "ban": .string(ban), "id": .string(Self.id(index)), "name": .string("Customer \(index)"),
                "model": "POSTPAID", "cycle": "monthly", "payment_terms": "NET_30", "credit_limit": "1000.00",
                "billing_timezone": "UTC", "anchor_day": 1, "btn": btn, "service_state": "IL", "lines": 2,
                "wholesale": false, "exemptions": [],
                "margin_alert_pct": .string(random.pick(["10.00", "0.00", "30.00", "50.01", "99.99"])),
            ]
        }
        files["customers.json"] = JSON.array(customers).text
    }

    private mutating func addVendors(_ random: inout SplitMix) {
        var vendors: [String: JSON] = [:]
        for name in self.vendors {
            var vendor: [String: JSON] = ["billing": PlanMaker.vendorTerms(&random)]
            if name != "gamma" { vendor["deck"] = .string(name) }
            var flat: [String: JSON] = [:]
            for key in [
                "TERMINATING:TOLLFREE", "TERMINATING:PREMIUM", "TERMINATING:SERVICE", "ORIGINATING:DOMESTIC",
                "ORIGINATING:TOLLFREE", "ORIGINATING:INTERNATIONAL",
            ] where random.chance(75) { flat[key] = .string(random.rate()) }
            vendor["flat"] = .object(flat)
            var sms: [String: JSON] = [:]
            for key in PlanMaker.messageKeys where random.chance(80) { sms[key] = .string(random.rate()) }
            sms["carrier_fees"] = PlanMaker.carriers(&random)
            if random.chance(50) { sms["international"] = PlanMaker(numbers: numbers).messagePrefixes(&random) }
            vendor["sms"] = .object(sms)
            var queries: [String: JSON] = [:]
            for key in ["LRN", "CNAM", "DNC"] where random.chance(70) { queries[key] = .string(random.rate()) }
            vendor["api"] = .object(queries)
            vendors[name] = .object(vendor)
        }
        files["vendors.json"] = JSON.object(vendors).text
    }

    private mutating func addMaps(_ random: inout SplitMix) {
        var skus: [String: JSON] = [:]
        for key in InvoiceMaker.keys where random.chance(60) { skus[key] = .string("SKU" + random.digits(3)) }
        files["sku_map.json"] = JSON.object(skus).text
        files["taxes.json"] = InvoiceMaker.taxes(&random).text
    }
}
