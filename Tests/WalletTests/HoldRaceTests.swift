import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Many callers of one wallet", .needsPostgres)
struct HoldRaceTests {
    @Test(
        "a thousand calls at once ask two instances for one dollar; each granted one runs to the second it was told, and its record comes 20 minutes later: the balance never falls below zero"
    )
    func oneDollar() async throws {
        try await WalletWorld.with { world async throws in
            let other = PostgresPool(
                configuration: try Services.postgres(database: world.database.name, user: "warp_wallet"), size: 4)
            let books = [world.book, HoldBook(pool: other)]
            let noon = world.noon
            // 0.0030 a minute: 0.0150 for five minutes, so 66 calls fit into a dollar, and a shorter one.
            let granted = try await withThrowingTaskGroup(of: [(String, Int)].self) { group in
                for chunk in 0..<40 {
                    let book = books[chunk % 2]
                    group.addTask {
                        let names = (0..<25).map { "race-\(chunk)-\($0)" }
                        let orders = try names.map { try WalletWorld.Question.authorize($0, rate: "0.0030").order }
                        let answers = try await book.settle(orders, at: noon)
                        return zip(names, answers).compactMap { name, answer in answer.seconds.map { (name, $0) } }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            await other.close()
            let held = try await world.held(WalletWorld.prepaid)
            #expect(granted.count == 67)
            #expect(held == "1.0000")
            for (name, seconds) in granted {
                // Cut up to 0.6 s late, and billed by the second: one second more than was told.
                let talked = seconds + 1
                _ = try await world.ask(.end(name, talked), at: noon.advanced(seconds: talked))
                let charge = Money(rounding: Int128(30_000) * Int128(talked), dividedBy: 60, to: .charge)
                try await world.addCall(WalletWorld.prepaid, charge: charge.text(.charge), call: name)
            }
            // The poller was away: no record has come, and no hold has gone.
            _ = try await world.book.expire(at: noon.advanced(seconds: 1_200))
            let waiting = try await world.text("SELECT count(*) FROM billing.holds WHERE state = 'ended'")
            #expect(waiting == "67")
            try await world.post()
            let left = try await world.text(
                "SELECT balance >= 0 AND balance < 0.01 AND held = 0 AND NOT suspended FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)"
            )
            #expect(left == "t")
        }
    }

    @Test("random operations from two instances agree with a model that counts on its fingers")
    func model() async throws {
        try await WalletWorld.with { world async throws in
            var random = SeededGenerator(property: 20_261_124)
            var model = WalletModel()
            try await world.store.makeWallets(of: [WalletWorld.prepaid], at: world.noon)
            var store = world.store
            for turn in 0..<200 {
                store.rechargesPerDay = turn % 2
                let name = "m\(Int.random(in: 0..<25, using: &random))"
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    let amount = Int.random(in: 1...300, using: &random)
                    let wire = try await world.payments.noteWire(
                        of: WalletWorld.prepaid, amount: Money(units: Int64(amount) * 100_000), reference: "w\(turn)",
                        by: "a", at: world.noon)
                    _ = try await world.payments.decideWire(wire.id, isApproved: true, by: "b", at: world.noon)
                    model.topUp(cents: amount)
                case 1, 2:
                    let charge = Int.random(in: -500...5_000, using: &random)
                    try await world.addCall(
                        WalletWorld.prepaid, charge: Money(units: Int64(charge) * 100).text(.charge),
                        call: model.ended.contains(name) ? name : nil)
                    try await world.post()
                    model.use(charge, of: name)
                case 3: model.end(name, 0, try await world.ask(.end(name, 0)))
                case 4:
                    let seconds = Int.random(in: 1...290, using: &random)
                    model.end(name, seconds, try await world.ask(.end(name, seconds)))
                default: model.authorize(name, try await world.ask(.authorize(name, rate: "0.0600")))
                }
                let stored = try await world.text(
                    """
                    SELECT concat_ws(' ', (balance * 10000)::bigint, (residue * 100000)::bigint, (held * 10000)::bigint, suspended)
                    FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)
                    """)
                #expect(stored == model.text, "turn \(turn)")
            }
            #expect(model.disagreements.isEmpty)
        }
    }
}

extension WalletWorld {
    var payments: PaymentStore { PaymentStore(pool: store.pool) }
}

/// A prepaid wallet of whole numbers: rules W1, W3 to W7 and W12 once more, by other means. Calls cost 0.06 a minute: ten 1e-4 USD a second.
struct WalletModel {
    /// 1e-4 USD.
    private var balance = 10_000
    /// 1e-5 USD.
    private var residue = 0
    private var holds: [String: Int] = [:]
    private(set) var ended: Set<String> = []
    private var closed: Set<String> = []
    private var isSuspended = false
    private(set) var disagreements: [String] = []

    private var held: Int { holds.values.reduce(0, +) }
    var text: String { "\(balance) \(residue) \(held) \(isSuspended ? "t" : "f")" }

    mutating func topUp(cents: Int) {
        balance += cents * 100
        if balance - held > 0 { isSuspended = false }
    }

    /// A charge in 1e-5 USD; a negative one is a credit.
    mutating func use(_ charge: Int, of name: String) {
        if ended.contains(name) {
            holds[name] = nil
            ended.remove(name)
            closed.insert(name)
        }
        var exact = residue + charge
        var debit = 0
        while exact >= 10 { (exact, debit) = (exact - 10, debit + 1) }
        while exact < 0 { (exact, debit) = (exact + 10, debit - 1) }
        residue = exact
        balance -= debit
        if balance < 0 { isSuspended = true }
    }

    mutating func authorize(_ name: String, _ answer: HoldAnswer) {
        if holds[name] != nil {
            expect(name, answer.isAllowed == !ended.contains(name))
        } else if closed.contains(name) {
            expect(name, !answer.isAllowed)
        } else {
            let seconds = min(max(balance - held, 0) / 10, 300)
            let isAllowed = !isSuspended && seconds > 0
            expect(name, answer.isAllowed == isAllowed && (!isAllowed || answer.seconds == seconds - 1))
            if isAllowed { holds[name] = seconds * 10 }
        }
    }

    mutating func end(_ name: String, _ seconds: Int, _ answer: HoldAnswer) {
        expect(name, answer.isAllowed == (holds[name] != nil))
        guard holds[name] != nil else { return }
        if seconds == 0 {
            holds[name] = nil
            ended.remove(name)
            closed.insert(name)
        } else {
            holds[name] = seconds * 10
            ended.insert(name)
        }
    }

    private mutating func expect(_ name: String, _ isTrue: Bool) {
        if !isTrue { disagreements.append("\(name) with \(text)") }
    }
}
