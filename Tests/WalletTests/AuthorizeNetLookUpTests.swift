import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Look-ups, refunds and cards at Authorize.Net")
struct AuthorizeNetLookUpTests {
    @Test("a settled charge is found in the customer's list, and without that list in its batch")
    func settled() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            let charge = try world.charge("PI1", "20.00", card)
            let answer = await world.processor.charge(charge)
            try await world.control(.post, "settle")
            let details = try await world.details(of: answer)
            #expect(details.isSettled)
            #expect(await world.processor.find(charge) == answer)
            #expect(world.requests("getSettledBatchListRequest") == 0)

            let other = try await world.processor.makeCustomerProfile(merchantCustomerID: "BAN002", email: nil)
            let elsewhere = CardCharge(
                reference: "PI1", amount: charge.amount, customerProfile: other, paymentProfile: card.paymentProfile,
                description: "")
            #expect(await world.processor.find(elsewhere) == answer)
            #expect(world.requests("getSettledBatchListRequest") == 1)
        }
    }

    @Test("nothing under a reference is nil only when every list was read")
    func surelyAbsent() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            _ = await world.processor.charge(try world.charge("PI1", "20.00", card))
            try await world.control(.post, "settle")
            _ = await world.processor.charge(try world.charge("PI2", "20.00", card))
            let absent = try world.charge("PI3", "20.00", card)
            #expect(await world.processor.find(absent) == nil)
            for list in [
                "getUnsettledTransactionListRequest", "getTransactionListForCustomerRequest",
                "getSettledBatchListRequest", "getTransactionListRequest",
            ] {
                world.order(.serverError, request: list)
                let found = await world.processor.find(absent)
                #expect(found?.isUnknown == true, "without \(list)")
            }
            #expect(await world.processor.find(absent) == nil)
        }
    }

    @Test("a transaction of our reference with another amount is neither ours nor absent: a person must look")
    func otherAmount() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            _ = await world.processor.charge(try world.charge("PI1", "20.00", card))
            let found = await world.processor.find(try world.charge("PI1", "20.01", card))
            #expect(found?.isUnknown == true)
            #expect(found?.reasonCode == "processor-unreadable")
        }
    }

    @Test("a list of more than a page is read to its end")
    func pages() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            let oldest = try world.charge("PI-OLD", "20.00", card)
            let answer = await world.processor.charge(oldest)
            let standIn = try #require(world.server.services.compactMap { $0 as? AuthorizeNetStandIn }.first)
            for number in 1...1_000 {
                _ = try await standIn.book.createTransaction(
                    try Core.JSONValue(
                        parsing: """
                            {"transactionType":"authCaptureTransaction","amount":"1.00","profile":{"customerProfileId":\
                            "\(world.customer)","paymentProfile":{"paymentProfileId":"\(card.paymentProfile)"}},\
                            "order":{"invoiceNumber":"PI\(number)"}}
                            """))
            }
            #expect(await world.processor.find(oldest) == answer)
            #expect(world.requests("getUnsettledTransactionListRequest") == 2)
        }
    }

    @Test("money goes back by a void before settlement and by a refund after it")
    func voidAndRefund() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            let first = try world.charge("PI1", "20.00", card)
            let id = try #require(await world.processor.charge(first).payment?.id)
            let early = await world.processor.refund(id, amount: first.amount, lastFour: "1111", reference: "RF1")
            guard case .declined("54", _) = early else {
                Issue.record("a refund before settlement: \(early)")
                return
            }
            #expect(await world.processor.void(id, reference: "VD1").payment?.id == id)
            #expect(await world.processor.void(id, reference: "VD1").payment?.id == id)
            guard case .declined("voided", _) = await world.processor.find(first) else {
                Issue.record("a voided charge is charged")
                return
            }

            let second = try world.charge("PI2", "20.00", card)
            let settled = try #require(await world.processor.charge(second).payment?.id)
            try await world.control(.post, "settle")
            let part = try Money(parsing: "15.00")
            let refund = await world.processor.refund(settled, amount: part, lastFour: "1111", reference: "RF2")
            #expect(refund.isPaid)
            // The same again is the same refund, and no more goes back than came.
            let again = await world.processor.refund(settled, amount: part, lastFour: "1111", reference: "RF2")
            #expect(again.isPaid)
            #expect(again.payment?.id == refund.payment?.id)
            let more = await world.processor.refund(settled, amount: part, lastFour: "1111", reference: "RF3")
            guard case .declined("55", _) = more else {
                Issue.record("more than the charge goes back: \(more)")
                return
            }
            guard case .declined("16", _) = await world.processor.void(settled, reference: "VD2") else {
                Issue.record("a settled charge is voided")
                return
            }
            #expect(
                try await world.held() == [
                    "PI1 20.00 voided", "PI2 20.00 settledSuccessfully", "RF2 15.00 refundPendingSettlement",
                ])
            // A refund that carries the charge's own reference is not mistaken for the charge.
            let rest = try Money(parsing: "5.00")
            #expect(
                await world.processor.refund(settled, amount: rest, lastFour: "1111", reference: "PI2").isPaid)
            #expect(await world.processor.find(second)?.payment?.id == settled)
        }
    }

    @Test("profiles and cards are made once, and a card is named by its last digits and its last day")
    func cards() async throws {
        try await CardWorld.with { world async throws in
            let again = try await world.processor.makeCustomerProfile(merchantCustomerID: "BAN001", email: nil)
            #expect(again == world.customer)
            let card = try await world.card("4242")
            #expect(card.lastFour == "4242")
            #expect(card.expiry.text == "2030-12-31")
            let sameCard = try await world.card("4242")
            #expect(sameCard == card)

            let nonce = "COMMON-1-1111"
            func add() async throws(ProcessorError) -> StoredCard {
                try await world.processor.addCard(
                    customerProfile: world.customer, dataDescriptor: "COMMON.ACCEPT.INAPP.PAYMENT", dataValue: nonce)
            }
            _ = try await add()
            await #expect(throws: ProcessorError.refused(code: "E00114", text: "Invalid OTS Token.")) {
                _ = try await add()
            }
            await #expect(throws: ProcessorError.refused(code: "E00027", text: "The transaction has been declined.")) {
                _ = try await world.card("0027")
            }

            for _ in 1...2 {
                try await world.processor.removeCard(
                    customerProfile: world.customer, paymentProfile: card.paymentProfile)
            }
            let charge = try world.charge("PI1", "20.00", card)
            let answer = await world.processor.charge(charge)
            #expect(answer == .declined(code: "E00040", text: "The record cannot be found."))
        }
    }

    @Test("an id that cannot be one of theirs is refused before sending", arguments: ["", "abc", "12 3", "-1"])
    func ids(id: String) async throws {
        // Nobody listens there: what was sent would be `processor-not-reached`.
        let processor = AuthorizeNet(account: CardWorld.account("http://127.0.0.1:1"))
        do throws(ProcessorError) {
            try await processor.removeCard(customerProfile: "1", paymentProfile: id)
            Issue.record("a card \(id) is removed")
        } catch {
            #expect(error.reason == "processor-bad-request")
        }
        do throws(ProcessorError) {
            _ = try await processor.makeCustomerProfile(merchantCustomerID: "BAN123456789012345678", email: nil)
            Issue.record("a customer's id of 21 characters is taken")
        } catch {
            #expect(error.reason == "processor-bad-request")
        }
    }
}
