import Core
import TestSupport
import Testing

@testable import Biller

@Suite("Customers")
struct CustomerFileTests {
    struct Fault: Sendable {
        let field: String
        let value: Core.JSONValue
        let expected: String
    }

    @Test(
        "a fault is named by its place and what would be right",
        arguments: [
            Fault(field: "ban", value: .string(""), expected: "/0/ban: '' is not a BAN of 1 to 50 characters"),
            Fault(field: "id", value: .string("7"), expected: "/0/id: '7' is not a UUID"),
            Fault(field: "name", value: .null, expected: "/0/name: is missing"),
            Fault(
                field: "model", value: .string("POST"),
                expected: "/0/model: 'POST' is not one of PREPAID, POSTPAID, HYBRID"),
            Fault(
                field: "cycle", value: .string("yearly"),
                expected: "/0/cycle: 'yearly' is not one of daily, weekly, monthly"),
            Fault(
                field: "anchor_day", value: .number("29"), expected: "/0/anchor_day: is no whole number from 1 to 28"),
            Fault(
                field: "billing_timezone", value: .string("EST5"),
                expected: "/0/billing_timezone: 'EST5' is not an IANA time zone"),
            Fault(
                field: "credit_limit", value: .string("10.005"),
                expected: "/0/credit_limit: '10.005' is not an amount with 2 decimals, at most 99999999.99"),
            Fault(
                field: "credit_limit", value: .string("100000000.00"),
                expected: "/0/credit_limit: '100000000.00' is not an amount with 2 decimals, at most 99999999.99"),
            Fault(
                field: "opening_balance", value: .string("1000000"),
                expected: "/0/opening_balance: '1000000' is not an amount with 4 decimals, at most 999999.9999"),
            Fault(
                field: "margin_alert_pct", value: .string("1000.00"),
                expected: "/0/margin_alert_pct: '1000.00' is not a percentage with two decimals, at most 999.99"),
            Fault(field: "credit_limit", value: .number("10"), expected: "/0/credit_limit: is not a text"),
            Fault(
                field: "numbers", value: .array([.string("3122017001")]),
                expected: "/0/numbers/0: is neither + and 7 to 15 digits nor a short code of 5 or 6 digits"),
            Fault(
                field: "exemptions", value: .array([.object([.init(name: "tax", value: .string("all"))])]),
                expected: "/0/exemptions/0/valid_from: is missing"),
            Fault(field: "colour", value: .string("red"), expected: "/0/colour: is not known"),
            Fault(
                field: "auto_recharge", value: .object([.init(name: "enabled", value: .bool(true))]),
                expected: "/0/auto_recharge/threshold: is missing\n/0/auto_recharge/amount: must be above 0.00"),
            Fault(
                field: "auto_recharge", value: .object([.init(name: "threshold", value: .string("20.00"))]),
                expected: "/0/auto_recharge/amount: must be above 0.00"),
        ])
    func faults(_ fault: Fault) throws {
        let faults = try #require(throws: FileFaults.self) {
            try CustomerFile([TestCustomers.json([fault.field: fault.value])])
        }
        #expect(faults.description == fault.expected)
    }

    @Test("a file with faults names all of them")
    func allFaults() throws {
        let faults = try #require(throws: FileFaults.self) {
            try CustomerFile([
                TestCustomers.json(["model": .string("X")]),
                TestCustomers.json(["model": .string("PREPAID"), "credit_limit": .null, "cycle": .string("Y")]),
            ])
        }
        #expect(faults.faults.map(\.path) == ["/0/model", "/1/cycle", "/1/credit_limit"])
    }

    @Test("a BAN, an id and a number stand in a file once")
    func repeats() throws {
        let faults = try #require(throws: FileFaults.self) {
            try CustomerFile([
                TestCustomers.json(["numbers": .array([.string("+13122017001")])]),
                TestCustomers.json(["numbers": .array([.string("+13122017001")])]),
            ])
        }
        #expect(faults.faults.map(\.path) == ["/1/ban", "/1/id", "/1/numbers/0"])
    }

    @Test("the most that a file may say of a customer can be kept", .needsPostgres)
    func bounds() async throws {
        try await BillerWorld.with { world in
            try await world.load([
                "credit_limit": .string("99999999.99"), "opening_balance": .string("999999.9999"),
                "margin_alert_pct": .string("999.99"),
            ])
            let stored = try #require(try await CustomerStore(pool: world.own).customers().first)
            #expect(stored.creditLimit == (try money("99999999.99")))
            #expect(stored.openingBalance == (try money("999999.9999")))
        }
    }

    @Test("the tutorial's customers come back as the file has them", .needsPostgres)
    func roundTrip() async throws {
        try await BillerWorld.with { world in
            let file = try CustomerFile(try tutorial("customers.json"))
            let store = CustomerStore(pool: world.own)
            let outcome = try await store.load(file.customers, actor: "operator:ada", at: world.now)
            #expect(outcome == CustomerStore.LoadOutcome(added: 8, changed: 0))
            let again = try await store.load(file.customers, actor: "operator:ada", at: world.now)
            #expect(again == CustomerStore.LoadOutcome(added: 0, changed: 8))
            let sorted = file.customers.sorted { $0.ban < $1.ban }.map { customer in
                var customer = customer
                customer.numbers.sort()
                return customer
            }
            #expect(try await store.customers() == sorted)
            #expect(try await world.count("SELECT version FROM billing.customers_version") == 1)
            #expect(
                try await world.texts("SELECT DISTINCT actor || ' ' || action FROM billing.biller_audit ORDER BY 1")
                    == ["operator:ada customer.add", "operator:ada customer.change"])
        }
    }

    @Test("auto-recharge is kept as the file has it, switched off too", .needsPostgres, arguments: [true, false])
    func autoRecharge(isEnabled: Bool) async throws {
        try await BillerWorld.with { world in
            let order = Core.JSONValue.object([
                .init(name: "enabled", value: .bool(isEnabled)), .init(name: "threshold", value: .string("20.00")),
                .init(name: "amount", value: .string("50.00")),
            ])
            try await world.load(["auto_recharge": order])
            let stored = try #require(try await CustomerStore(pool: world.own).customers().first)
            #expect(
                stored.autoRecharge
                    == Customer.AutoRechargeTerms(
                        isEnabled: isEnabled, threshold: try money("20.00"), amount: try money("50.00")))
            #expect(stored.json["auto_recharge"] == order)
        }
    }

    @Test(
        "what a wallet was made with is the customer's for good; until there is a wallet it can change", .needsPostgres)
    func fixedTerms() async throws {
        try await BillerWorld.with { world in
            let order = Core.JSONValue.object([
                .init(name: "enabled", value: .bool(true)), .init(name: "threshold", value: .string("20.00")),
                .init(name: "amount", value: .string("50.00")),
            ])
            let prepaid: [String: Core.JSONValue] = [
                "model": .string("PREPAID"), "credit_limit": .string("0.00"), "opening_balance": .string("10.0000"),
                "auto_recharge": order,
            ]
            try await world.load([:])
            try await world.load(prepaid)
            try await world.pool.execute(
                """
                INSERT INTO billing.wallets (customer_id, model, created_at, updated_at)
                SELECT customer_id, model, now(), now() FROM billing.customers
                """)
            try await world.load(prepaid.merging(["name": .string("Prairie Freight & Co.")]) { $1 })
            let faults = try await #require(throws: FileFaults.self) { try await world.load([:]) }
            #expect(
                faults.faults.map(\.path) == ["/0/model", "/0/credit_limit", "/0/opening_balance", "/0/auto_recharge"])
            #expect(faults.faults.first?.problem.contains("wallet") == true)
            let stored = try #require(try await CustomerStore(pool: world.own).customers().first)
            #expect(stored.model == .prepaid)
            #expect(stored.name == "Prairie Freight & Co.")
        }
    }

    @Test("another customer's BAN or number is not taken, and nothing of the file with it", .needsPostgres)
    func conflicts() async throws {
        try await BillerWorld.with { world in
            try await world.load(["numbers": .array([.string("+13122017001")])])
            let faults = try await #require(throws: FileFaults.self) {
                try await world.load(
                    ["id": .string("7e000000-0000-4000-8000-000000000009")],
                    [
                        "ban": .string("BAN2"), "id": .string(TestCustomers.summit),
                        "numbers": .array([.string("+13122017001")]),
                    ])
            }
            #expect(faults.faults.map(\.path) == ["/0/ban", "/1/numbers/0"])
            #expect(try await world.count("SELECT count(*) FROM billing.customers") == 1)
        }
    }

    @Test("a number goes from one customer of a file to another", .needsPostgres)
    func numberMoves() async throws {
        try await BillerWorld.with { world in
            let second: [String: Core.JSONValue] = ["ban": .string("BAN2"), "id": .string(TestCustomers.summit)]
            try await world.load(["numbers": .array([.string("72345")])], second)
            try await world.load([:], second.merging(["numbers": .array([.string("72345")])]) { $1 })
            #expect(try await world.texts("SELECT ban FROM billing.customer_numbers") == ["BAN2"])
        }
    }

    @Test("fields of a customer that are set at the same time are all kept", .needsPostgres)
    func setTogether() async throws {
        try await BillerWorld.with { world in
            try await world.load([:])
            let (store, now) = (CustomerStore(pool: world.own), world.now)
            let assignments = ["payment_terms=NET_60", "lines=4", "name=Prairie & Sons", "btn=3122017001"]
            try await withThrowingTaskGroup(of: Bool.self) { changes in
                for assignment in assignments {
                    changes.addTask {
                        try await store.change("BAN1", actor: "operator:test", at: now) {
                            try $0.setting([assignment])
                        }
                    }
                }
                for try await isKnown in changes { #expect(isKnown) }
            }
            let stored = try #require(try await store.customers().first)
            let expected = try CustomerFile([TestCustomers.json()]).customers[0].setting(assignments)
            #expect(stored == expected)
            #expect(try await store.change("BAN2", actor: "operator:test", at: now) { $0 } == false)
        }
    }

    @Test("a field is set like in the file, everything else stays")
    func set() throws {
        let customer = try CustomerFile([TestCustomers.json()]).customers[0]
        let changed = try customer.setting(["payment_terms=NET_60", "lines=4", "name=Prairie & Sons"])
        var expected = customer
        expected.terms = .net60
        expected.tax.lines = 4
        expected.name = "Prairie & Sons"
        #expect(changed == expected)
        let faults = try #require(throws: FileFaults.self) { try customer.setting(["cycle=yearly", "x"]) }
        #expect(faults.faults.map(\.path) == ["/x"])
    }
}
