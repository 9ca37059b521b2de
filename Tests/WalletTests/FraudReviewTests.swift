import Core
import Drivers
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Fraud reviews", .needsPostgres)
struct FraudReviewTests {
    /// A customer whom two reviews have suspended, for money and for minutes.
    private func suspend(_ world: WalletWorld) async throws -> (money: Identifier128, minutes: Identifier128) {
        try await world.addCall(WalletWorld.postpaid, charge: "101.00000")
        try await world.addCall(
            WalletWorld.postpaid, charge: "0.10000", startedAt: world.noon.advanced(seconds: -3_601), seconds: 3_601,
            country: "GB")
        let outcome = try await world.post()
        #expect(outcome.fraud.blocked == [WalletWorld.postpaid])
        func id(_ check: FraudCheck) throws -> Identifier128 {
            try #require(outcome.fraud.reviews.first { $0.check == check }).id
        }
        return (try id(.spendPerHour), try id(.internationalMinutes))
    }

    private func decide(
        _ id: Identifier128, _ verdict: ReviewDesk.Verdict, _ world: WalletWorld, secondsLater: Int
    ) async throws -> ReviewDesk.Effect {
        try await ReviewDesk(pool: world.store.pool).decide(
            id, verdict, actor: "operator:ada", note: "called them",
            at: world.noon.advanced(seconds: secondsLater))
    }

    @Test("a suspension ends with the last review that asks for it; calls are taken again, and it is told")
    func release() async throws {
        try await WalletWorld.with { world in
            let reviews = try await suspend(world)
            _ = try await world.subscribe(WalletWorld.postpaid)
            #expect(try await decide(reviews.money, .released, world, secondsLater: 1) == .none)
            #expect(try await world.ask(.authorize("a", WalletWorld.postpaid)) == .refused("SUSPENDED"))
            #expect(try await world.told() == [])
            #expect(try await decide(reviews.minutes, .released, world, secondsLater: 2) == .resumed)
            #expect(try await world.ask(.authorize("a", WalletWorld.postpaid)) == .granted(299))
            #expect(try await world.told() == ["wallet.resumed"])
            let trail = try await world.texts(
                """
                SELECT concat_ws(' ', actor, action, detail->>'wallet')
                FROM billing.wallet_audit WHERE action LIKE 'fraud%' ORDER BY id
                """)
            #expect(
                trail == ["operator:ada fraud-review.release none", "operator:ada fraud-review.release resumed"])
            let row = try #require(try await ReviewDesk(pool: world.store.pool).read(reviews.money))
            #expect(row.state == .released)
            #expect(row.decidedBy == "operator:ada")
            #expect(row.note == "called them")
        }
    }

    @Test("what is released is decided for good; what is confirmed keeps the suspension until it is released")
    func confirmed() async throws {
        try await WalletWorld.with { world in
            let reviews = try await suspend(world)
            #expect(try await decide(reviews.money, .confirmed(suspending: false), world, secondsLater: 1) == .none)
            #expect(try await decide(reviews.minutes, .released, world, secondsLater: 2) == .none)
            #expect(try await world.blocked() == [WalletWorld.postpaid.text])
            await #expect(throws: FraudError.self) {
                try await decide(reviews.minutes, .confirmed(suspending: true), world, secondsLater: 3)
            }
            await #expect(throws: FraudError.self) {
                try await decide(Identifier128(high: 1, low: 1), .released, world, secondsLater: 3)
            }
            #expect(try await decide(reviews.money, .released, world, secondsLater: 4) == .resumed)
            #expect(try await world.blocked() == [])
        }
    }

    @Test("a backlog's review that turns out to be fraud may suspend, and its release resumes")
    func suspending() async throws {
        try await WalletWorld.with { world in
            try await world.addCall(WalletWorld.postpaid, charge: "101.00000")
            let outcome = try await world.post(at: world.noon.advanced(seconds: 900))
            let review = try #require(outcome.fraud.reviews.first)
            #expect(try await decide(review.id, .confirmed(suspending: true), world, secondsLater: 901) == .suspended)
            #expect(try await world.blocked() == [WalletWorld.postpaid.text])
            #expect(try await decide(review.id, .released, world, secondsLater: 902) == .resumed)
            #expect(try await world.blocked() == [])
        }
    }

    @Test("a review that asked for no suspension lifts none")
    func unrelated() async throws {
        try await WalletWorld.with { world in
            for number in 1...11 {
                try await world.addCall(
                    WalletWorld.postpaid, charge: "0.01000", startedAt: world.noon.advanced(seconds: number - 60))
            }
            let review = try #require(try await world.post().fraud.reviews.first)
            try await world.admin.execute("UPDATE billing.wallets SET blocked = true")
            #expect(try await decide(review.id, .released, world, secondsLater: 1) == .none)
            #expect(try await world.blocked().contains(WalletWorld.postpaid.text))
        }
    }

    @Test("the list shows what is open, the newest first")
    func list() async throws {
        try await WalletWorld.with { world in
            let reviews = try await suspend(world)
            _ = try await decide(reviews.money, .released, world, secondsLater: 1)
            let desk = ReviewDesk(pool: world.store.pool)
            #expect(try await desk.list(.open, of: nil, limit: 9).map(\.id) == [reviews.minutes])
            #expect(try await desk.list(nil, of: WalletWorld.postpaid, limit: 9).count == 2)
            #expect(try await desk.list(nil, of: WalletWorld.prepaid, limit: 9).isEmpty)
        }
    }

    @Test("a backtest finds what live posting found, and with other limits what they would have found")
    func backtest() async throws {
        try await WalletWorld.with { world in
            _ = try await FraudLimits(pool: world.store.pool).change(of: nil, actor: "operator:ada", at: world.noon) {
                try $0.set(limit: "1", of: .callsPerMinute)
                try $0.set(limit: "0.50", of: .spendPerHour)
                try $0.set(limit: "3", of: .internationalMinutes)
            }
            var random = SeededGenerator(property: 19)
            var at = world.noon.advanced(seconds: -40_000)
            let customers = [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid]
            for number in 0..<120 {
                let pause: Int64 = number % 20 == 0 ? 9_000_000 : 40_000
                at = at.advanced(milliseconds: .random(in: 500...pause, using: &random))
                let isAnswered = number % 7 != 0
                try await world.addCall(
                    customers[Int.random(in: 0...2, using: &random)], charge: isAnswered ? "0.12345" : "0.00000",
                    status: isAnswered ? "rated" : "not_billable", startedAt: at, seconds: isAnswered ? 60 : 0,
                    country: [nil, nil, "GB", "FR", "CU", "DE"].randomElement(using: &random) ?? nil)
                if number % 9 == 0 { try await world.post(limit: 5) }
            }
            let last = at.usageDay
            try await world.post(limit: 5)
            let live = try await world.reviews().count
            #expect(live > 6)

            let days = world.noon.advanced(seconds: -40_000).usageDay...last
            let test = FraudBacktest(pool: world.store.pool)
            let same = try await test.run(days, warmUpDays: 1, rules: nil)
            #expect(Set(same.fired) == same.reviews)
            #expect(same.fired.count == live)
            var loose = SpendLimitsDocument()
            for check in FraudCheck.allCases { try loose.set(limit: "100000", of: check) }
            let none = try await test.run(days, warmUpDays: 1, rules: loose)
            #expect(none.fired.isEmpty)
            #expect(none.reviews.count == live)
            #expect(none.eventCount == same.eventCount)
            #expect(try await world.reviews().count == live, "it writes nothing")
            #expect(none.text.contains("spend_per_hour"))
        }
    }

    @Test(
        "what the commands take",
        arguments: [
            (["limits", "set", "--limit", "calls_per_minute=120"], true),
            (["limits", "set", "--actions", "calls_per_minute="], true),
            (["limits", "set", "--limit", "calls_per_minute"], false),
            (["limits", "set", "--limit", "calls_per_hour=1"], false),
            (["limits", "set", "--actions", "spend_per_hour=stop"], false), (["limits", "set"], false),
            (["fraud", "backtest", "--from", "2026-11-01", "--to", "2026-11-07"], true),
            (["fraud", "backtest", "--from", "2026-11-08", "--to", "2026-11-07"], false),
            (["reviews", "list", "--state", "all"], true), (["reviews", "list", "--state", "closed"], false),
            (["reviews", "release", "ada"], false),
        ])
    func arguments(arguments: [String], isTaken: Bool) {
        let parse = { _ = try WalletCommand.parseAsRoot(arguments) }
        if isTaken {
            #expect(throws: Never.self, performing: parse)
        } else {
            #expect(throws: (any Error).self, performing: parse)
        }
    }
}
