import Core
import Drivers
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Plaid: what becomes of a transfer")
struct PlaidEventTests {
    @Test("events come in order, page by page, with amount and return code")
    func events() async throws {
        try await PlaidWorld.with { world in
            let transfer = try await world.made(world.charge())
            try await world.simulate(transfer, "posted", "settled", "funds_available", "returned")
            var events: [PlaidEvent] = []
            var pages = 0
            while true {
                let page = try await world.plaid.events(after: events.last?.id ?? 0, count: 2)
                events += page.events
                pages += 1
                if !page.hasMore { break }
            }
            #expect(pages == 3)
            #expect(events.map(\.id) == [1, 2, 3, 4, 5])
            let kinds: [PlaidEvent.Kind] = [
                .transfer(.pending), .transfer(.posted), .transfer(.settled), .transfer(.fundsAvailable),
                .transfer(.returned),
            ]
            #expect(events.map(\.kind) == kinds)
            #expect(events.allSatisfy { $0.transfer == transfer && $0.amount == Money(units: 1_345_500_000) })
            #expect(events.map(\.failureCode) == [nil, nil, nil, nil, "R01"])
            #expect(events.last?.failureText == "insufficient funds")
            #expect(events.allSatisfy { $0.at != nil })
            let nothing = try await world.plaid.events(after: 5)
            #expect(nothing == PlaidEventPage(events: [], hasMore: false))
        }
    }

    @Test("sweeps and kinds that nobody knows are read past, an event without an id is not")
    func tolerant() async throws {
        let sweep =
            #"{"event_id":7,"event_type":"sweep.posted","transfer_id":"","failure_reason":null,"refund_id":null}"#
        let refund =
            #"{"event_id":8,"event_type":"refund.settled","transfer_id":"T","refund_id":"R","transfer_amount":"5.00"}"#
        let page = try await Self.page("[\(refund),\(sweep)]")
        #expect(page.events.map(\.id) == [7, 8])
        #expect(page.events.map(\.kind) == [.other("sweep.posted"), .refund(.settled)])
        #expect(page.events.map(\.refund) == [nil, "R"])
        for broken in [
            #"[{"event_type":"posted","transfer_id":"T"}]"#, #"[{"event_id":1,"transfer_id":"T"}]"#,
            #"[{"event_id":1,"event_type":"posted","transfer_id":"T","transfer_amount":"much"}]"#,
            #"[{"event_id":0,"event_type":"posted","transfer_id":"T"}]"#,
        ] {
            let error = await #expect(throws: ProcessorError.self) { try await Self.page(broken) }
            #expect(error?.reason == "processor-unreadable", "\(broken)")
        }
        let promised = await #expect(throws: ProcessorError.self) { try await Self.page("[]", hasMore: true) }
        #expect(promised?.reason == "processor-unreadable")
    }

    @Test("what a transfer's status says of the charge, with money at settlement and with money when it can be moved")
    func statuses() async throws {
        for (point, settled) in [(PlaidAccount.CreditPoint.settled, "paid"), (.fundsAvailable, "pending")] {
            try await PlaidWorld.with(creditsAt: point) { world in
                let charge = world.charge()
                let transfer = try await world.made(charge)
                var answers: [String?] = []
                for event in ["posted", "settled", "funds_available", "returned"] {
                    try await world.simulate(transfer, event)
                    answers.append(await world.plaid.find(charge, authorization: nil)?.kind)
                }
                #expect(answers == ["pending", settled, "paid", "declined R01"])
            }
        }
    }

    @Test("a failed transfer is a decline without a code of the bank's")
    func failed() async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge()
            try await world.simulate(try await world.made(charge), "failed")
            let answer = await world.plaid.find(charge, authorization: nil)
            #expect(answer == .declined(code: "FAILED", text: "insufficient funds"))
        }
    }

    @Test(
        "a pending transfer is called off; a posted one answers with where it stands; one that nobody knows with neither"
    )
    func cancel() async throws {
        try await PlaidWorld.with { world in
            let (first, second) = (
                try await world.made(world.charge("PA-1")), try await world.made(world.charge("PA-2"))
            )
            let cancelled = await world.plaid.cancel(transfer: first)
            #expect(cancelled.kind == "declined CANCELLED")
            let again = await world.plaid.cancel(transfer: first)
            #expect(again.kind == "declined CANCELLED")
            try await world.simulate(second, "posted")
            let posted = await world.plaid.cancel(transfer: second)
            #expect(try posted.pendingID == second)
            let absent = await world.plaid.cancel(transfer: "nobody")
            #expect(absent.kind == "unknown")
            let kinds = try await world.plaid.events(after: 2).events.map(\.kind)
            #expect(kinds == [.transfer(.cancelled), .transfer(.posted)])
        }
    }

    @Test("a refund is made once for a key, never beyond the transfer, and has its own events")
    func refund() async throws {
        try await PlaidWorld.with { world in
            let transfer = try await world.made(world.charge())
            try await world.simulate(transfer, "posted", "settled")
            let amount = Money(units: 1_000_000_000)
            world.order(.loseAnswer, path: "/transfer/refund/create")
            let lost = await world.plaid.refund(transfer: transfer, amount: amount, key: "RF-1")
            #expect(lost.kind == "unknown")
            let first = try await world.plaid.refund(transfer: transfer, amount: amount, key: "RF-1").pendingID
            let again = try await world.plaid.refund(transfer: transfer, amount: amount, key: "RF-1").pendingID
            #expect(first == again)
            let rest = await world.plaid.refund(transfer: transfer, amount: amount, key: "RF-2")
            #expect(rest.kind == "declined INVALID_FIELD")
            let events = try await world.plaid.events(after: 3).events
            #expect(events.map(\.kind) == [.refund(.pending)])
            #expect(events.first?.refund == first)
        }
    }

    /// A page of events as a server gives it.
    private static func page(_ events: String, hasMore: Bool = false) async throws -> PlaidEventPage {
        let body = #"{"transfer_events":\#(events),"has_more":\#(hasMore),"request_id":"r","new_member":1}"#
        let peer = try HTTPPeer { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        defer { peer.stop() }
        return try await Plaid(account: PlaidWorld.account(peer.url)).events(after: 0)
    }
}
