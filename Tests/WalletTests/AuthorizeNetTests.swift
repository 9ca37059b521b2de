import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Card charges at Authorize.Net")
struct AuthorizeNetTests {
    @Test("a stored card is charged once, under the attempt's reference")
    func approved() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            let charge = try world.charge("PI0000012345", "134.55", card)
            let answer = await world.processor.charge(charge)
            #expect(answer.isPaid)
            #expect(answer.payment?.lastFour == "1111")
            #expect(answer.payment?.authCode == "A00001")
            #expect(try await world.held() == ["PI0000012345 134.55 capturedPendingSettlement"])
            let found = await world.processor.find(charge)
            #expect(found == answer)
            let details = try await world.details(of: answer)
            #expect(details.amount.text(.cents) == "134.55")
            #expect(details.invoiceNumber == "PI0000012345")
            #expect(!details.isSettled)
            #expect(details.responseCode == 1)
            #expect(try await world.processor.details("60020000000") == nil)
        }
    }

    @Test(
        "a charge whose answer was lost is found, and a repeat of the same bytes is answered with the first one",
        arguments: [FaultOrder.Kind.loseAnswer, .serverErrorAfter])
    func lostAnswer(_ kind: FaultOrder.Kind) async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge("PI1", "20.00", try await world.card())
            world.order(kind)
            #expect(await world.processor.charge(charge).isUnknown)
            let found = await world.processor.find(charge)
            #expect(found?.isPaid == true)
            let again = await world.processor.charge(charge)
            #expect(again == found)
            #expect(try await world.held() == ["PI1 20.00 capturedPendingSettlement"])
            #expect(world.requests("createTransactionRequest") == 2)
        }
    }

    @Test(
        "a charge that never arrived is unknown, surely absent, and may then be sent again",
        arguments: [FaultOrder.Kind.drop, .serverError])
    func neverArrived(_ kind: FaultOrder.Kind) async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge("PI1", "20.00", try await world.card())
            world.order(kind)
            #expect(await world.processor.charge(charge).isUnknown)
            let found = await world.processor.find(charge)
            #expect(found == nil)
            #expect(await world.processor.charge(charge).isPaid)
            #expect(try await world.held() == ["PI1 20.00 capturedPendingSettlement"])
        }
    }

    @Test("an answer that comes after the deadline leaves the charge unknown, and the look-up finds it")
    func deadline() async throws {
        try await CardWorld.with { world async throws in
            let hasty = AuthorizeNet(account: CardWorld.account(world.baseURL, deadline: .milliseconds(400)))
            let charge = try world.charge("PI1", "20.00", try await world.card())
            world.server.traffic.order(
                FaultOrder(
                    service: "authorize-net", kind: .delay, count: 1, body: "createTransactionRequest",
                    milliseconds: 1_200))
            let answer = await hasty.charge(charge)
            #expect(answer.reasonCode == "processor-timeout")
            #expect(answer.isUnknown)
            #expect(await world.processor.find(charge)?.isPaid == true)
        }
    }

    @Test("what surely did not happen is told apart: no connection, no slot, no login, a body that they would refuse")
    func notSent() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            let charge = try world.charge("PI1", "20.00", card)
            world.order(.tooManyRequests)
            let busy = await world.processor.charge(charge)
            #expect(busy.isNotSent)
            #expect(busy.reasonCode == "processor-busy")

            // Nobody listens on port 1.
            let away = await AuthorizeNet(account: CardWorld.account("http://127.0.0.1:1")).charge(charge)
            #expect(away.isNotSent)
            #expect(away.reasonCode == "processor-not-reached")

            let stranger = AuthorizeNet(account: CardWorld.account(world.baseURL, key: "wrong"))
            let refused = await stranger.charge(charge)
            #expect(refused.isNotSent)
            #expect(refused.reasonCode == "processor-credentials")
            #expect(await stranger.find(charge)?.isUnknown == true)

            // The key is longer than their schema takes: E00003.
            let malformed = AuthorizeNet(account: CardWorld.account(world.baseURL, key: "12345678901234567"))
            let unread = await malformed.charge(charge)
            #expect(unread.isNotSent)
            #expect(unread.reasonCode == "processor-bad-request")
            #expect(try await world.held() == [])
        }
    }

    @Test(
        "a charge that could not be found again, or is not in whole cents, does not leave the machine",
        arguments: [("", "20.00"), ("PI1234567890123456789", "20.00"), ("PI1", "0"), ("PI1", "-20"), ("PI1", "0.005")])
    func refusedBeforeSending(reference: String, amount: String) async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge(reference, amount, try await world.card())
            let answer = await world.processor.charge(charge)
            #expect(answer.isNotSent)
            #expect(answer.reasonCode == "processor-bad-request")
            #expect(world.requests("createTransactionRequest") == 0)
        }
    }

    @Test("a decline is final for its reference, with Ok and with an error around it", arguments: ["0002", "0008"])
    func declined(lastFour: String) async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card(lastFour)
            let charge = try world.charge("PI1", "20.00", card)
            let code = try #require(lastFour.last.map(String.init))
            guard case .declined(code, let text) = await world.processor.charge(charge) else {
                Issue.record("not declined with \(code)")
                return
            }
            #expect(!text.isEmpty)
            // The same bytes again: error 11, and its first transaction was declined.
            let again = await world.processor.charge(charge)
            #expect(again == .declined(code: code, text: text))
            let found = await world.processor.find(charge)
            #expect(found == again)
            #expect(try await world.held() == ["PI1 20.00 declined"])
        }
    }

    @Test("a wanted second try after a decline has a reference of its own")
    func secondTry() async throws {
        try await CardWorld.with { world async throws in
            let card = try await world.card()
            try await world.control(.post, "decline", #"{"count":1}"#)
            let first = await world.processor.charge(try world.charge("PI1", "20.00", card))
            #expect(first == .declined(code: "2", text: "This transaction has been declined."))
            #expect(await world.processor.charge(try world.charge("PI2", "20.00", card)).isPaid)
            #expect(try await world.held() == ["PI1 20.00 declined", "PI2 20.00 capturedPendingSettlement"])
        }
    }

    @Test("a charge held for review is pending until somebody ends the review", arguments: [true, false])
    func heldForReview(approved: Bool) async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge("PI1", "20.00", try await world.card("0004"))
            let answer = await world.processor.charge(charge)
            let payment = try #require(answer.payment)
            #expect(answer == .pending(payment))
            // A repeat is a duplicate of one that is held: pending still.
            #expect(await world.processor.charge(charge) == answer)
            try await world.control(.post, "review", #"{"transId":"\#(payment.id)","approved":\#(approved)}"#)
            let found = await world.processor.find(charge)
            if approved {
                #expect(found == .paid(payment))
            } else {
                guard case .declined = found else {
                    Issue.record("\(String(describing: found)) after the review")
                    return
                }
            }
        }
    }

    @Test("a duplicate whose first transaction cannot be looked at is unknown, never a decline")
    func unconfirmedDuplicate() async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge("PI1", "20.00", try await world.card())
            let first = await world.processor.charge(charge)
            world.order(.serverError, request: "getTransactionDetailsRequest")
            #expect(await world.processor.charge(charge).isUnknown)
            #expect(await world.processor.charge(charge) == first)
            #expect(try await world.held().count == 1)
        }
    }

    @Test("eight hours on, the same bytes are a new charge there: after that only a look-up is safe")
    func beyondTheWindow() async throws {
        try await CardWorld.with { world async throws in
            let charge = try world.charge("PI1", "20.00", try await world.card())
            let first = await world.processor.charge(charge)
            try await world.control(.post, "clock", #"{"seconds":28790}"#)
            #expect(await world.processor.charge(charge) == first)
            try await world.control(.post, "clock", #"{"seconds":20}"#)
            #expect(await world.processor.find(charge) == first)
            #expect(try await world.held().count == 1)
            let second = await world.processor.charge(charge)
            #expect(second.isPaid)
            #expect(second != first)
        }
    }
}
