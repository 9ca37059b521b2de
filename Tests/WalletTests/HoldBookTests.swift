import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Hold book", .needsPostgres)
struct HoldBookTests {
    @Test(
        "an authorised call holds its first five minutes; a repeat of the question gets the same answer and holds nothing more"
    )
    func authorize() async throws {
        try await WalletWorld.with { world async throws in
            let first = try await world.ask(.authorize("a"))
            #expect(first == .granted(299))
            #expect(try await world.held(WalletWorld.prepaid) == "0.0500")
            #expect(try await world.ask(.authorize("a")) == .granted(299))
            #expect(try await world.ask(.authorize("a", to: "other")) == .refused("HOLD_EXISTS"))
            #expect(try await world.held(WalletWorld.prepaid) == "0.0500")
            #expect(try await world.states() == ["a open 0.0500 300"])
        }
    }

    @Test("a call is extended, ends, and its usage record captures what it holds")
    func walk() async throws {
        try await WalletWorld.with { world async throws in
            #expect(try await world.ask(.authorize("a")) == .granted(299))
            #expect(try await world.ask(.extend("a")) == .granted(599))
            #expect(try await world.held(WalletWorld.prepaid) == "0.1000")
            #expect(try await world.ask(.end("a", 400)) == .granted(nil))
            #expect(try await world.held(WalletWorld.prepaid) == "0.0667")
            #expect(try await world.ask(.extend("a")) == .refused("NO_HOLD"))
            try await world.addCall(WalletWorld.prepaid, charge: "0.06667", call: "a")
            try await world.post()
            #expect(try await world.held(WalletWorld.prepaid) == "0.0000")
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.9334 0.0000 0.00007 0.00")
            #expect(try await world.states() == ["a captured 0.0667 600"])
            #expect(try await world.ask(.end("a", 400)) == .refused("NO_HOLD"))
            #expect(try await world.ask(.authorize("a")) == .refused("HOLD_EXISTS"))
        }
    }

    @Test("a usage record that comes before the end of its call captures the open hold")
    func capturedOpen() async throws {
        try await WalletWorld.with { world async throws in
            _ = try await world.ask(.authorize("a"))
            try await world.addCall(WalletWorld.prepaid, charge: "0.00200", call: "a")
            try await world.post()
            try await world.post()
            #expect(try await world.held(WalletWorld.prepaid) == "0.0000")
            #expect(try await world.states() == ["a captured 0.0500 300"])
        }
    }

    @Test("a call that was never answered holds nothing any more")
    func unanswered() async throws {
        try await WalletWorld.with { world async throws in
            _ = try await world.ask(.authorize("a"))
            #expect(try await world.ask(.end("a", 0)) == .granted(nil))
            #expect(try await world.held(WalletWorld.prepaid) == "0.0000")
            #expect(try await world.states() == ["a released 0.0500 300"])
        }
    }

    @Test("what nobody knows can neither go on nor end")
    func unknown() async throws {
        try await WalletWorld.with { world async throws in
            #expect(try await world.ask(.extend("x")) == .refused("NO_HOLD"))
            #expect(try await world.ask(.end("x", 10)) == .refused("NO_HOLD"))
        }
    }

    @Test("money of a hold whose time is over is there for the next call, before anybody sweeps")
    func expired() async throws {
        try await WalletWorld.with { world async throws in
            // 0.9000 of 1.0000 for the first minutes.
            #expect(try await world.ask(.authorize("a", rate: "0.1800")) == .granted(299))
            #expect(try await world.ask(.authorize("b", rate: "0.1800")) == .granted(32))
            let later = world.noon.advanced(seconds: 601)
            #expect(try await world.ask(.authorize("c", rate: "0.1800"), at: later) == .granted(299))
            #expect(try await world.held(WalletWorld.prepaid) == "0.9000")
            #expect(
                try await world.states() == ["a expired 0.9000 300", "b expired 0.0990 33", "c open 0.9000 300"])
        }
    }

    @Test("the sweep releases what is over, and tells of ended calls whose record never came")
    func sweep() async throws {
        try await WalletWorld.with { world async throws in
            _ = try await world.ask(.authorize("a"))
            _ = try await world.ask(.authorize("b"))
            _ = try await world.ask(.end("b", 60))
            #expect(try await world.book.expire(at: world.noon).isEmpty)
            #expect(try await world.book.expire(at: world.noon.advanced(seconds: 600)).isEmpty)
            #expect(try await world.states() == ["a expired 0.0500 300", "b ended 0.0100 300"])
            let week = world.noon.advanced(seconds: 7 * 86_400)
            #expect(try await world.book.expire(at: week).map { $0.hold.id } == ["b"])
            #expect(try await world.held(WalletWorld.prepaid) == "0.0000")
            try await world.book.forget(before: week)
            #expect(try await world.states() == ["b expired 0.0100 300"])
        }
    }

    @Test("questions of one commit are answered in their order, each wallet by itself")
    func batch() async throws {
        try await WalletWorld.with { world async throws in
            let orders: [WalletWorld.Question] = [
                .authorize("a", rate: "1.0000"), .authorize("b", WalletWorld.postpaid, rate: "9.0000"),
                .authorize("c", rate: "1.0000"), .authorize("d", CustomerID(.random())),
            ]
            let answers = try await world.book.settle(orders.map { try $0.order }, at: world.noon)
            #expect(
                answers == [
                    .granted(59), .granted(299), .refused("INSUFFICIENT_FUNDS"), .refused("UNKNOWN_CUSTOMER"),
                ])
            #expect(try await world.held(WalletWorld.prepaid) == "1.0000")
            #expect(try await world.held(WalletWorld.postpaid) == "45.0000")
        }
    }

    @Test(
        "a thousand calls at once on one dollar, by two instances: no more is granted than there is, and its usage fits"
    )
    func neverOverdrawn() async throws {
        try await WalletWorld.with { world async throws in
            let other = PostgresPool(
                configuration: try Services.postgres(database: world.database.name, user: "warp_wallet"), size: 4)
            let books = [world.book, HoldBook(pool: other)]
            let noon = world.noon
            let granted = try await withThrowingTaskGroup(of: [String: Int].self) { group in
                for task in 0..<20 {
                    group.addTask {
                        var granted: [String: Int] = [:]
                        for number in 0..<50 {
                            let name = "c\(task)-\(number)"
                            let order = try WalletWorld.Question.authorize(name, rate: "0.0600").order
                            granted[name] = try await books[number % 2].settle([order], at: noon)[0].seconds
                        }
                        return granted
                    }
                }
                return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
            }
            await other.close()
            #expect(granted.values.map { $0 + 1 }.sorted() == [100, 300, 300, 300])
            #expect(try await world.held(WalletWorld.prepaid) == "1.0000")
            for (name, seconds) in granted {
                // It runs to the second that the switch was told, and its record comes much later.
                #expect(try await world.ask(.end(name, seconds)) == .granted(nil))
                try await world.addCall(
                    WalletWorld.prepaid, charge: Money(units: Int64(seconds) * 10_000).text(.charge), call: name)
            }
            #expect(try await world.ask(.authorize("late", rate: "0.3000")) == .refused("INSUFFICIENT_FUNDS"))
            try await world.post()
            #expect(try await world.held(WalletWorld.prepaid) == "0.0000")
            #expect(try await world.amounts(WalletWorld.prepaid) == "0.0040 0.0000 0.00000 0.00")
        }
    }

    @Test(
        "two customers whose calls bear the same name at once: one of them gets it, and only that one's money is held")
    func sameName() async throws {
        try await WalletWorld.with { world async throws in
            for round in 0..<40 {
                let name = "same-\(round)"
                let (book, noon) = (world.book, world.noon)
                let orders = [
                    try WalletWorld.Question.authorize(name, WalletWorld.hybrid, rate: "0.0100", to: "a").order,
                    try WalletWorld.Question.authorize(name, WalletWorld.postpaid, rate: "0.0200", to: "b").order,
                ]
                let answers = try await withThrowingTaskGroup(of: HoldAnswer.self) { group in
                    for order in orders { group.addTask { try await book.settle([order], at: noon)[0] } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count { $0 == .granted(299) } == 1)
                #expect(answers.count { $0 == .refused("HOLD_EXISTS") } == 1)
            }
            let wrong = try await world.texts(
                """
                SELECT w.customer_id::text FROM billing.wallets AS w
                WHERE w.held <> (SELECT coalesce(sum(h.amount), 0) FROM billing.holds AS h WHERE h.customer_id = w.customer_id)
                """)
            #expect(wrong.isEmpty)
        }
    }

    @Test(
        "random questions and records: each wallet's holds are the sum of its open ones, and what it had is what is left and spent"
    )
    func random() async throws {
        try await WalletWorld.with { world async throws in
            var random = SeededGenerator(property: 20_261_123)
            var now = world.noon
            for turn in 0..<150 {
                let orders = try (0..<Int.random(in: 1...6, using: &random)).map { _ -> HoldOrder in
                    let name = "r\(Int.random(in: 0..<40, using: &random))"
                    let customer = [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid].randomElement(
                        using: &random)!
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: return try WalletWorld.Question.extend(name).order
                    case 1: return try WalletWorld.Question.end(name, Int.random(in: 0...400, using: &random)).order
                    default:
                        return try WalletWorld.Question.authorize(
                            name, customer, rate: "0.0\(Int.random(in: 1...9, using: &random))"
                        ).order
                    }
                }
                _ = try await world.book.settle(orders, at: now)
                if turn % 5 == 0 {
                    let ended = try await world.admin.query(
                        "SELECT sip_uuid, customer_id, amount FROM billing.holds WHERE state = 'ended' LIMIT 3")
                    for row in ended {
                        try await world.addCall(
                            try row.value("customer_id"), charge: (try row.value("amount") as Money).text(.charge),
                            call: try row.value("sip_uuid"))
                    }
                    try await world.post()
                }
                now = now.advanced(seconds: Int.random(in: 0...200, using: &random))
                let wrong = try await world.texts(
                    """
                    SELECT w.customer_id::text FROM billing.wallets AS w
                    WHERE w.held <> (SELECT coalesce(sum(h.amount), 0) FROM billing.holds AS h
                                     WHERE h.customer_id = w.customer_id AND h.state IN ('open', 'ended'))
                        OR w.model = 'PREPAID' AND w.balance - w.held < 0
                    """)
                #expect(wrong.isEmpty, "turn \(turn)")
            }
        }
    }
}

extension WalletWorld {
    /// What a switch asks, by a name.
    enum Question {
        case authorize(String, CustomerID = WalletWorld.prepaid, rate: String = "0.0100", to: String = "13125550100")
        case extend(String)
        case end(String, Int)

        var order: HoldOrder {
            get throws {
                switch self {
                case .authorize(let name, let customer, let rate, let to):
                    let price = CallPrice(rate: try Rate(parsing: rate), terms: Terms())
                    return HoldOrder(
                        call: name,
                        wish: .authorize(customer: customer, price: price, question: .named(by: Array(to.utf8))))
                case .extend(let name): return HoldOrder(call: name, wish: .extend)
                case .end(let name, let seconds): return HoldOrder(call: name, wish: .end(seconds: seconds))
                }
            }
        }
    }

    var book: HoldBook { HoldBook(pool: store.pool) }

    func ask(_ question: Question, at now: Instant? = nil) async throws -> HoldAnswer {
        try #require(try await book.settle([try question.order], at: now ?? noon).first)
    }

    func held(_ customer: CustomerID) async throws -> String? {
        try await text("SELECT held::text FROM billing.wallets WHERE customer_id = \(customer)")
    }

    /// Each hold's call, state, amount and seconds.
    func states() async throws -> [String] {
        try await texts(
            "SELECT concat_ws(' ', sip_uuid, state, amount, reserve_seconds) FROM billing.holds ORDER BY sip_uuid")
    }

    func texts(_ sql: SQL) async throws -> [String] {
        try await admin.query(sql).map { try $0.value(at: 0) }
    }
}
