import Core
import DaemonKit
import Drivers
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Fraud control of usage", .needsPostgres)
struct FraudDeskTests {
    private let review = "open notify_customer require_manual_review"
    private let suspension = "open notify_customer require_manual_review suspend_service"

    @Test("the eleventh call within a minute fires, answered or not; the twelfth does not again (F1)")
    func calls() async throws {
        try await WalletWorld.with { world in
            for number in 1...12 {
                try await world.addCall(
                    WalletWorld.postpaid, charge: number % 2 == 0 ? "0.01000" : "0.00000",
                    status: number % 2 == 0 ? "rated" : "not_billable",
                    startedAt: world.noon.advanced(seconds: -60 + number * 4))
                try await world.post()
            }
            #expect(try await world.reviews() == ["calls_per_minute 11 \(review)"])
            let firedAt = try await world.admin.query("SELECT fired_at FROM billing.fraud_reviews").first?
                .value("fired_at", as: Instant.self)
            #expect(firedAt == world.noon.advanced(seconds: -16))
            #expect(try await world.blocked() == [])
        }
    }

    @Test("more than 100 dollars in an hour suspend: a new call is refused, whatever is left (F2)")
    func spend() async throws {
        try await WalletWorld.with { world in
            #expect(try await world.ask(.authorize("a", WalletWorld.postpaid)) == .granted(299))
            try await world.addCall(WalletWorld.postpaid, charge: "60.00000")
            let last = try await world.addCall(WalletWorld.postpaid, charge: "40.00001")
            let outcome = try await world.post()
            #expect(outcome.fraud.blocked == [WalletWorld.postpaid])
            #expect(try await world.reviews() == ["spend_per_hour 100.00001 \(suspension)"])
            #expect(try await world.blocked() == [WalletWorld.postpaid.text])
            #expect(try await world.ask(.authorize("b", WalletWorld.postpaid)) == .refused("SUSPENDED"))
            #expect(try await world.ask(.authorize("c", WalletWorld.prepaid)) == .granted(299))
            let evidence = try await world.text(
                """
                SELECT concat_ws(' ', evidence->>'value', evidence->>'limit', evidence->>'window_seconds',
                    jsonb_array_length(evidence->'records'), evidence->'records'->>0)
                FROM billing.fraud_reviews
                """)
            #expect(evidence == "100.00001 100.00 3600 2 \(last.text)")
        }
    }

    @Test("an hour of international minutes in a day suspends; domestic ones do not count (F3)")
    func minutes() async throws {
        try await WalletWorld.with { world in
            let morning = world.noon.advanced(seconds: -10_000)
            try await world.addCall(WalletWorld.hybrid, charge: "0.10000", startedAt: morning, seconds: 5_000)
            try await world.addCall(
                WalletWorld.hybrid, charge: "0.10000", startedAt: morning, seconds: 1_800, country: "GB")
            let last = world.noon.advanced(seconds: -1_801)
            try await world.addCall(
                WalletWorld.hybrid, charge: "0.10000", startedAt: last, seconds: 1_801, country: "GB")
            try await world.post()
            #expect(try await world.reviews() == ["international_minutes 3601 \(suspension)"])
            #expect(try await world.blocked() == [WalletWorld.hybrid.text])
            let records: SQL = "SELECT jsonb_array_length(evidence->'records')::text FROM billing.fraud_reviews"
            #expect(try await world.text(records) == "2")
        }
    }

    @Test("half of the high-water mark in a quarter of an hour fires, of prepaid customers alone (F4)")
    func depletion() async throws {
        try await WalletWorld.with { world in
            for customer in [WalletWorld.prepaid, WalletWorld.hybrid] {
                try await world.addCall(customer, charge: "0.25000")
                try await world.addCall(customer, charge: "0.25000")
            }
            try await world.post()
            #expect(try await world.reviews() == ["rapid_balance_depletion 0.50000 \(review)"])
            let customer: SQL = "SELECT customer_id::text FROM billing.fraud_reviews"
            #expect(try await world.text(customer) == WalletWorld.prepaid.text)
        }
    }

    @Test("the third failed payment in a day suspends (F5)")
    func payments() async throws {
        try await WalletWorld.with { world async throws in
            try await world.post()
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            for number in 1...4 {
                try await world.store.pool.withTransaction { transaction in
                    var wallets = try WalletRow.lock([WalletWorld.prepaid], in: transaction)
                    var wallet = try #require(wallets[WalletWorld.prepaid])
                    let id = Identifier128(high: 7, low: UInt64(number))
                    let now = world.noon.advanced(seconds: number)
                    let outcome = try FraudDesk.paymentFailed(id, wallet: &wallet, at: now, in: transaction)
                    #expect(outcome.blocked == (number == 3 ? [WalletWorld.prepaid] : []))
                    #expect(wallet.state.isBlocked == (number >= 3))
                    wallets[WalletWorld.prepaid] = wallet
                    try WalletRow.store(Array(wallets.values), at: now, in: transaction)
                }
            }
            #expect(
                try await world.reviews() == ["multiple_payment_failures 3 open notify_customer suspend_service"])
            let record = Identifier128(high: 7, low: 3).text
            #expect(try await world.text("SELECT evidence->'records'->>0 FROM billing.fraud_reviews") == record)
        }
    }

    @Test("the third country never called before fires, unanswered calls too (F6)")
    func countries() async throws {
        try await WalletWorld.with { world in
            for (number, country) in ["GB", "GB", "FR", "PR", "CU"].enumerated() {
                try await world.addCall(
                    WalletWorld.postpaid, charge: "0.00000", status: country == "CU" ? "not_billable" : "rated",
                    startedAt: world.noon.advanced(seconds: number - 60), seconds: 1, country: country)
            }
            try await world.post()
            #expect(try await world.reviews() == ["unusual_destination 3 \(review)"])
        }
    }

    @Test("two instances that post in turn see one customer's calls together")
    func instances() async throws {
        try await WalletWorld.with { world in
            let pool = PostgresPool(
                configuration: try Services.postgres(database: world.database.name, user: "warp_wallet"), size: 1)
            let other = WalletStore(pool: pool)
            for number in 1...11 {
                try await world.addCall(
                    WalletWorld.postpaid, charge: "0.01000", startedAt: world.noon.advanced(seconds: number - 60))
                let outcome = try await world.post(by: number % 2 == 0 ? other : nil)
                #expect(outcome.fraud.reviews.map(\.check) == (number == 11 ? [.callsPerMinute] : []))
            }
            await pool.close()
        }
    }

    @Test("an old backlog goes to review alone: nobody is suspended or told (F8)")
    func backlog() async throws {
        try await WalletWorld.with { world in
            _ = try await world.subscribe(WalletWorld.postpaid)
            try await world.addCall(WalletWorld.postpaid, charge: "101.00000")
            try await world.post(at: world.noon.advanced(seconds: 300))
            #expect(try await world.reviews() == ["spend_per_hour 101.00000 open require_manual_review"])
            #expect(try await world.blocked() == [])
            #expect(try await world.told() == [])
        }
    }

    @Test("a fresh alert is told to the customer, and so is the suspension, once")
    func notices() async throws {
        try await WalletWorld.with { world in
            _ = try await world.subscribe(WalletWorld.postpaid)
            try await world.addCall(WalletWorld.postpaid, charge: "101.00000")
            try await world.addCall(WalletWorld.postpaid, charge: "50.00000")
            try await world.post()
            #expect(try await world.told() == ["fraud.alert", "wallet.suspended"])
        }
    }

    @Test("posting again makes no second review and counts nothing twice")
    func repeats() async throws {
        try await WalletWorld.with { world in
            for number in 1...11 {
                try await world.addCall(
                    WalletWorld.postpaid, charge: number == 11 ? "0.00000" : "20.00000",
                    status: number == 11 ? "not_billable" : "rated",
                    startedAt: world.noon.advanced(seconds: number - 60))
            }
            let first = try await world.post(limit: 4)
            #expect(Set(first.fraud.reviews.map(\.check)) == [.callsPerMinute, .spendPerHour])
            let windows: SQL = "SELECT encode(windows, 'hex') FROM billing.fraud_windows"
            let before = try await world.text(windows)
            try await world.admin.execute("DELETE FROM billing.wallet_progress")
            let second = try await world.post(limit: 4)
            #expect(second.repeats == 10)
            #expect(second.fraud.reviews.isEmpty)
            #expect(try await world.text(windows) == before)
            #expect(try await world.reviews().count == 2)
        }
    }

    @Test("corrections of a re-rating are not seen (W13)")
    func corrections() async throws {
        try await WalletWorld.with { world in
            let call = try await world.addCall(WalletWorld.postpaid, charge: "1.00000")
            try await world.addCall(WalletWorld.postpaid, charge: "500.00000", corrects: call)
            try await world.addCall(WalletWorld.postpaid, charge: "-1.00000", corrects: call)
            #expect(try await world.post().posted == 3)
            #expect(try await world.reviews() == [])
        }
    }

    @Test("parked usage is seen when it is posted")
    func parked() async throws {
        try await WalletWorld.with { world in
            let late = CustomerID(Identifier128(high: 9, low: 9))
            try await world.addCall(late, charge: "101.00000")
            try await world.post()
            #expect(try await world.reviews() == [])
            try await world.addCustomer(late, model: "POSTPAID", balance: "0.0000", limit: nil)
            _ = try await ParkedStore(pool: world.store.pool).retry(only: nil, actor: "operator:ada", at: world.noon)
            #expect(try await world.reviews() == ["spend_per_hour 101.00000 \(suspension)"])
            #expect(try await world.blocked() == [late.text])
        }
    }

    @Test("everybody's limits take the place of the rules', and a customer's own go on top (F8)")
    func limits() async throws {
        try await WalletWorld.with { world in
            let limits = FraudLimits(pool: world.store.pool)
            _ = try await limits.change(of: nil, actor: "operator:ada", at: world.noon) { document in
                try document.set(limit: "2.00", of: .spendPerHour)
            }
            let own = try await limits.change(of: WalletWorld.hybrid, actor: "operator:ada", at: world.noon) {
                try $0.set(limit: "1.00", of: .spendPerHour)
                try $0.set(actions: ["notify_customer"], of: .spendPerHour)
            }
            #expect(own.text == #"{"spend_per_hour":{"limit":"1.00","actions":["notify_customer"]}}"#)
            for customer in [WalletWorld.hybrid, WalletWorld.postpaid] {
                try await world.addCall(customer, charge: "1.50000")
            }
            try await world.post()
            #expect(try await world.reviews() == ["spend_per_hour 1.50000 noted notify_customer"])
            for customer in [WalletWorld.hybrid, WalletWorld.postpaid] {
                try await world.addCall(customer, charge: "1.00000")
            }
            try await world.post()
            #expect(try await world.reviews().contains("spend_per_hour 2.50000 \(suspension)"))
            #expect(try await world.reviews().count == 2)
            #expect(try await world.blocked() == [WalletWorld.postpaid.text])
            let stranger = CustomerID(Identifier128(high: 9, low: 9))
            await #expect(throws: FraudError.self) {
                try await limits.change(of: stranger, actor: "operator:ada", at: world.noon) { $0.clear(.spendPerHour) }
            }
            let trail = try await world.texts("SELECT action || ' ' || subject FROM billing.wallet_audit ORDER BY id")
            #expect(trail == ["fraud-limits.set everybody", "fraud-limits.set \(WalletWorld.hybrid.text)"])
        }
    }

    @Test("windows or limits that cannot be read hold up no posting, and are told")
    func unreadable() async throws {
        try await WalletWorld.with { world in
            try await world.admin.execute(
                """
                INSERT INTO billing.fraud_windows (customer_id, windows, through_seq, updated_at)
                VALUES (\(WalletWorld.postpaid), '\\xff00', 0, \(world.noon))
                """)
            try await world.admin.execute(
                """
                INSERT INTO billing.fraud_limits (customer_id, limits, updated_by, updated_at)
                VALUES (\(WalletWorld.hybrid), '{"calls_per_hour": {}}', 'operator:ada', \(world.noon))
                """)
            for customer in [WalletWorld.hybrid, WalletWorld.postpaid, WalletWorld.prepaid] {
                try await world.addCall(customer, charge: "101.00000")
            }
            let outcome = try await world.post()
            #expect(outcome.posted == 3)
            #expect(outcome.fraud.unreadable == [WalletWorld.hybrid, WalletWorld.postpaid])
            #expect(outcome.fraud.blocked.count == 3)
        }
    }
}

extension WalletWorld {
    /// Each review's check, value, state and actions, in the order of what fired.
    func reviews() async throws -> [String] {
        try await texts(
            """
            SELECT concat_ws(' ', check_name, value, state, array_to_string(actions, ' '))
            FROM billing.fraud_reviews ORDER BY fired_at, id
            """)
    }

    /// The customers whose wallets are stopped.
    func blocked() async throws -> [String] {
        try await texts("SELECT customer_id::text FROM billing.wallets WHERE blocked ORDER BY customer_id")
    }

    /// A customer's subscription to everything.
    func subscribe(_ customer: CustomerID) async throws -> NotificationDesk.Added? {
        try await NotificationDesk(pool: store.pool, actor: "operator:ada", now: noon)
            .add(customer: customer, channel: .email, target: "a@example.com", kinds: [])
    }

    /// The kinds of what is to be sent.
    func told() async throws -> [String] {
        try await texts("SELECT kind FROM billing.wallet_notifications ORDER BY kind, event_key")
    }
}
