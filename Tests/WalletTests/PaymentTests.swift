import Core
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Payments", .needsPostgres)
struct PaymentTests {
    @Test("a card is charged once, credited once, and its fee noted; the same order again charges nothing")
    func card() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let desk = try world.desk()
            let order = try world.order("100.00")
            let paid = try await desk.carryOut(order)
            #expect(paid.state == .paid)
            #expect(try await desk.carryOut(order) == desk.store.read(order.id))
            #expect(try await world.taken() == 1)
            #expect(try await world.balance() == "101.0000")
            let row = try await world.world.text(
                "SELECT concat_ws(' ', state, fee, credited_at IS NOT NULL) FROM billing.payments WHERE id = \(order.id)"
            )
            #expect(row == "paid 3.20 t")
            let events = try await desk.store.events(of: order.id)
            #expect(events.count == 1)
        }
    }

    @Test("a declined card fails, credits nothing, and says why")
    func declined() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard(lastFour: "0002")
            let failed = try await world.desk().carryOut(try world.order())
            #expect(failed.state == .failed)
            #expect(failed.outcome?.isEmpty == false)
            #expect(try await world.balance() == "1.0000")
        }
    }

    @Test("three refused payments in a day stop the wallet (F5)")
    func refusals() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard(lastFour: "0002")
            let desk = try world.desk()
            for number in 1...3 {
                _ = try await desk.carryOut(try world.order())
                let isBlocked = try await world.world.text(
                    "SELECT blocked FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)")
                #expect(isBlocked == (number == 3 ? "t" : "f"))
            }
            let reviews = try await world.world.text(
                "SELECT count(*) FROM billing.fraud_reviews WHERE check_name = 'multiple_payment_failures'")
            #expect(reviews == "1")
        }
    }

    @Test("without a payment method nothing is begun")
    func noMethod() async throws {
        try await PaymentWorld.with { world in
            let (desk, order) = (try world.desk(), try world.order())
            await #expect(throws: PaymentRefusal.noPaymentMethod) { try await desk.carryOut(order) }
            #expect(
                try await world.world.text("SELECT count(*) FROM billing.payments WHERE purpose = 'recharge'") == "0")
        }
    }

    @Test("an amount that the balance cannot take is refused before anybody is asked (W10)")
    func overflow() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let (desk, order) = (try world.desk(), try world.order("999999.00"))
            await #expect(throws: PaymentRefusal.amountOverflow) { try await desk.carryOut(order) }
            #expect(try await world.taken() == 0)
        }
    }

    @Test(
        "an answer that was lost is found again by asking: charged once, credited once",
        arguments: [FaultOrder.Kind.loseAnswer, .serverErrorAfter])
    func lostAnswer(kind: FaultOrder.Kind) async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let desk = try world.desk()
            world.fault(kind)
            let order = try world.order()
            #expect(try await desk.carryOut(order).state == .unknown)
            #expect(try await world.balance() == "1.0000")
            #expect(try await desk.carryOut(order).state == .unknown)
            world.clock.advance(seconds: 120)
            try await desk.sweep()
            #expect(try await desk.store.read(order.id)?.state == .paid)
            #expect(try await world.balance() == "26.0000")
            #expect(try await world.taken() == 1)
        }
    }

    @Test(
        "a charge that never arrived is sent again under the same name",
        arguments: [FaultOrder.Kind.drop, .serverError])
    func neverArrived(kind: FaultOrder.Kind) async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let desk = try world.desk()
            world.fault(kind)
            let order = try world.order()
            #expect(try await desk.carryOut(order).state == .unknown)
            world.clock.advance(seconds: 120)
            try await desk.sweep()
            #expect(try await desk.store.read(order.id)?.state == .paid)
            #expect(try await world.balance() == "26.0000")
            #expect(try await world.taken() == 1)
        }
    }

    @Test("a payment whose instance was killed while it asked is looked for by another one")
    func killed() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let desk = try world.desk()
            let begun = try await desk.store.begin(try world.order(), at: world.clock.now)
            _ = try await desk.store.takeUp(only: begun.id, at: world.clock.now)
            try await desk.sweep()
            #expect(try await desk.store.read(begun.id)?.state == .sent)
            world.clock.advance(seconds: 200)
            try await desk.sweep()
            #expect(try await desk.store.read(begun.id)?.state == .paid)
            #expect(try await world.taken() == 1)
        }
    }

    @Test("a bank transfer is money when it has settled, and is taken back when the bank returns it")
    func bank() async throws {
        try await PaymentWorld.with { world in
            try await world.addBank()
            let desk = try world.desk()
            let order = try world.order("40.00")
            let held = try await desk.carryOut(order)
            #expect(held.state == .held)
            #expect(try await world.balance() == "1.0000")
            let transfer = try #require(held.processorID)
            let news = ProcessorNews(desk: desk)
            for (event, balance) in [
                ("posted", "1.0000"), ("settled", "41.0000"), ("funds_available", "41.0000"), ("returned", "1.0000"),
            ] {
                _ = try await world.plaid.ledger.simulate(
                    .object([
                        "transfer_id": .string(transfer), "event_type": .string(event),
                        "failure_reason": .object([
                            "failure_code": .string("R01"), "description": .string("insufficient funds"),
                        ]),
                    ]))
                try await news.sync()
                try await news.sync()
                #expect(try await world.balance() == balance, "after \(event)")
            }
            #expect(try await desk.store.read(order.id)?.state == .returned)
            #expect(try await world.world.text("SELECT status FROM billing.payment_methods") == "relink")
        }
    }

    @Test("a transfer whose answer was lost is found by its attempt")
    func bankUnknown() async throws {
        try await PaymentWorld.with { world in
            try await world.addBank()
            let desk = try world.desk()
            world.fault(.loseAnswer, at: "plaid", body: nil, path: "/transfer/create")
            let order = try world.order("40.00")
            #expect(try await desk.carryOut(order).state == .unknown)
            world.clock.advance(seconds: 120)
            try await desk.sweep()
            #expect(try await desk.store.read(order.id)?.state == .held)
            #expect(await world.plaid.ledger.transfers.count == 1)
        }
    }

    @Test("an automatic recharge is a payment of the transaction that made it due; failures switch it off")
    func autoRecharge() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            try await world.world.admin.execute(
                """
                UPDATE billing.wallets
                SET auto_recharge_enabled = true, auto_recharge_threshold = 20, auto_recharge_amount = 50
                WHERE customer_id = \(WalletWorld.prepaid)
                """)
            try await world.world.addCall(WalletWorld.prepaid, charge: "0.10000")
            try await world.world.post(rechargesPerDay: 10)
            let desk = try world.desk()
            try await desk.sweep()
            #expect(try await world.balance() == "50.9000")
            let state = try await world.world.text(
                """
                SELECT concat_ws(' ', recharge_pending, auto_recharge_failures, auto_recharge_enabled)
                FROM billing.wallets WHERE customer_id = \(WalletWorld.prepaid)
                """)
            #expect(state == "f 0 t")
        }
    }

    @Test("a refund leaves the balance first; what the processor refuses comes back")
    func refunds() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            let desk = try world.desk()
            let paid = try await desk.carryOut(try world.order("100.00"))
            let now = world.clock.now
            let part = try await desk.store.beginRefund(
                .random(), of: paid.id, amount: Money(parsing: "30.00"), by: "operator:ada", at: now)
            #expect(try await world.balance() == "71.0000")
            try await desk.sweep()
            #expect(try await desk.store.read(part.id)?.state == .failed)
            #expect(try await world.balance() == "101.0000")
            let whole = try await desk.store.beginRefund(
                .random(), of: paid.id, amount: nil, by: "operator:ada", at: now)
            try await desk.sweep()
            #expect(try await desk.store.read(whole.id)?.state == .refunded)
            #expect(try await world.balance() == "1.0000")
            await #expect(throws: PaymentRefusal.moreThanPaid) {
                try await desk.store.beginRefund(.random(), of: paid.id, amount: nil, by: "operator:ada", at: now)
            }
        }
    }

    @Test("a wire is credited by a second person, once")
    func wires() async throws {
        try await PaymentWorld.with { world in
            let (store, now) = (world.store, world.clock.now)
            let amount = try Money(parsing: "2500.00")
            let wire = try await store.noteWire(
                of: WalletWorld.postpaid, amount: amount, reference: "FT1", by: "operator:ada", at: now)
            let again = try await store.noteWire(
                of: WalletWorld.postpaid, amount: amount, reference: "FT1", by: "operator:ada", at: now)
            #expect(again.id == wire.id)
            await #expect(throws: PaymentRefusal.sameApprover) {
                try await store.decideWire(wire.id, isApproved: true, by: "operator:ada", at: now)
            }
            #expect(try await world.balance(WalletWorld.postpaid) == "0.0000")
            #expect(
                try await store.decideWire(wire.id, isApproved: true, by: "operator:bob", at: now).state == .paid)
            await #expect(throws: PaymentRefusal.wrongState(.paid)) {
                try await store.decideWire(wire.id, isApproved: true, by: "operator:bob", at: now)
            }
            #expect(try await world.balance(WalletWorld.postpaid) == "2500.0000")
        }
    }

    @Test("fees are booked once, in the wallets' chains, and the ledger proves itself")
    func fees() async throws {
        try await PaymentWorld.with { world in
            try await world.addCard()
            try await world.addBank(WalletWorld.hybrid)
            let desk = try world.desk()
            _ = try await desk.carryOut(try world.order("10.00"))
            #expect(try await desk.store.settleFees(at: world.clock.now) == 1)
            #expect(try await desk.store.settleFees(at: world.clock.now) == 0)
            let line = try await world.world.text(
                "SELECT concat_ws(' ', debit_account, credit_account, amount) FROM billing.journal WHERE debit_account = 'fees'"
            )
            #expect(line == "fees cash_clearing 0.59000")
            let folder = LedgerFolder()
            defer { folder.remove() }
            try await folder.export(world.world)
            #expect(try folder.verifier(seals: false).verify().wallets == 3)
        }
    }
}
