import Core
import Drivers
import TestSupport
import Testing

@testable import Sandbox
@testable import Wallet

@Suite("Plaid: linking, authorizations, transfers")
struct PlaidTests {
    @Test("a customer's browser links a bank: link token, access token, the accounts that ACH can debit")
    func linking() async throws {
        try await PlaidWorld.with { world in
            let link = try await world.plaid.linkToken(ban: "BAN-100001")
            #expect(link.hasPrefix("link-sandbox-"))
            let asked = try #require(world.requests("/link/token/create").first)
            let body = try Core.JSONValue(parsing: asked.body)
            #expect(body["user"]?["client_user_id"]?.string == "BAN-100001")
            #expect(body["webhook"]?.string == "https://billing.example/webhooks/plaid")

            // What the browser brings back.
            let publicToken = await world.service.ledger.newPublicToken()
            let (accessToken, item) = try await world.plaid.exchange(publicToken: publicToken)
            #expect(accessToken.revealed.hasPrefix("access-sandbox-"))
            #expect(!item.isEmpty)
            let accounts = try await world.plaid.accounts(accessToken: accessToken)
            #expect(accounts.map(\.id) == ["account-good", "account-nsf", "account-relink", "account-unchecked"])
            #expect(accounts.first == BankAccount(id: "account-good", mask: "0000", subtype: "checking"))
            await #expect(throws: ProcessorError.self) {
                try await world.plaid.exchange(publicToken: publicToken)
            }
        }
    }

    @Test("an item whose login has ended is brought up to date: its token goes to Link, products don't")
    func relinking() async throws {
        try await PlaidWorld.with { world in
            _ = try await world.plaid.linkToken(ban: "BAN-100001", updating: world.accessToken)
            let asked = try #require(world.requests("/link/token/create").first)
            let body = try Core.JSONValue(parsing: asked.body)
            #expect(body["access_token"]?.string == world.accessToken.revealed)
            #expect(body["products"] == nil)
        }
    }

    @Test("wrong credentials are told as such, and a charge with them did nothing; the secret is in no body")
    func credentials() async throws {
        try await PlaidWorld.with { world in
            let stranger = Plaid(account: PlaidWorld.account(world.base, secret: "wrong"))
            let error = await #expect(throws: ProcessorError.self) { try await stranger.linkToken(ban: "B") }
            #expect(error?.reason == "processor-credentials")
            guard case .notSent = await stranger.authorize(world.charge()) else {
                Issue.record("a charge without credentials was not refused as not sent")
                return
            }
            let logged = world.server.traffic.requests(of: "plaid")
            #expect(logged.count == 2)
            #expect(logged.allSatisfy { !$0.body.contains("wrong") && $0.headers["plaid-secret"] == "(secret)" })
        }
    }

    @Test(
        "an authorization says yes, yes unchecked, no, or that the customer must log in",
        arguments: [
            (PlaidBankAccount.good, "approved checked"), (.unchecked, "approved unchecked"), (.nsf, "declined NSF"),
            (.relink, "user action"), (.card, "declined TRANSFER_UNSUPPORTED_ACCOUNT_TYPE"),
        ])
    func decisions(account: PlaidBankAccount, expected: String) async throws {
        try await PlaidWorld.with { world in
            let answer =
                switch await world.plaid.authorize(world.charge(account: account)) {
                case .approved(_, let isChecked): "approved \(isChecked ? "checked" : "unchecked")"
                case .declined(let code, _): "declined \(code)"
                case .userActionRequired: "user action"
                case .unknown(let reason), .notSent(let reason): reason
                }
            #expect(answer == expected)
        }
    }

    @Test("the amount goes as text with two decimals, as a business debit with a key of its own")
    func authorizationBody() async throws {
        try await PlaidWorld.with { world in
            _ = try await world.approved(world.charge("PA-0001-7f3a", amount: Money(units: 1_345_500_000)))
            let body = try Core.JSONValue(parsing: try #require(world.requests(Self.authorize).first).body)
            #expect(body["amount"] == .string("134.55"))
            #expect(body["ach_class"]?.string == "ccd")
            #expect(body["idempotency_key"]?.string == "PA-0001-7f3a")
            #expect(body["user"]?["legal_name"]?.string == "Acme Inc")
        }
    }

    @Test(
        "an authorization whose answer is lost is unknown; the same key brings the one that was made",
        arguments: [FaultOrder.Kind.loseAnswer, .serverErrorAfter])
    func lostAuthorization(kind: FaultOrder.Kind) async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge()
            world.order(kind, path: Self.authorize)
            guard case .unknown = await world.plaid.authorize(charge) else {
                Issue.record("a lost answer was taken for one")
                return
            }
            let first = try await world.approved(charge)
            let again = try await world.approved(charge)
            #expect(first == again)
            let other = try await world.approved(world.charge("PA-2"))
            #expect(other != first)
        }
    }

    @Test("a made transfer is pending, carries the payment's and the attempt's ids, and is made once")
    func transfer() async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge("PA-1")
            let authorization = try await world.approved(charge)
            let first = await world.plaid.transfer(
                charge, authorization: authorization, description: "Invoice of November")
            let again = await world.plaid.transfer(
                charge, authorization: authorization, description: "Invoice of November")
            #expect(try first.pendingID == again.pendingID)
            let transfers = await world.service.ledger.transfers
            #expect(transfers.count == 1)
            let made = try #require(transfers.first)
            #expect(made.description == "Invoice of")
            #expect(made.amount.text == "134.55")
            #expect(made.metadata["payment_id"]?.string == "P-1")
            #expect(made.metadata["invoice_id"]?.string == "INV-1")
            #expect(made.metadata["attempt_id"]?.string == "PA-1")
        }
    }

    @Test(
        "a transfer whose answer is lost is unknown, is found, and a repeat makes no second one",
        arguments: [FaultOrder.Kind.loseAnswer, .serverErrorAfter])
    func lostTransfer(kind: FaultOrder.Kind) async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge()
            let authorization = try await world.approved(charge)
            world.order(kind, path: Self.create)
            let lost = await world.plaid.transfer(charge, authorization: authorization, description: "Invoice")
            #expect(lost.kind == "unknown")
            let made = try #require(await world.service.ledger.transfers.first?.id)
            let found = await world.plaid.find(charge, authorization: authorization)
            #expect(try found?.pendingID == made)
            let again = await world.plaid.transfer(charge, authorization: authorization, description: "Invoice")
            #expect(try again.pendingID == made)
            let count = await world.service.ledger.transfers.count
            #expect(count == 1)
        }
    }

    @Test("a request that was dropped is unknown too, and the look says that there is none")
    func dropped() async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge()
            let authorization = try await world.approved(charge)
            world.order(.drop, path: Self.create)
            let answer = await world.plaid.transfer(charge, authorization: authorization, description: "Invoice")
            #expect(answer.kind == "unknown")
            let found = await world.plaid.find(charge, authorization: authorization)
            #expect(found == nil)
        }
    }

    @Test("over the rate, and where nobody listens, nothing was sent; a failing Plaid leaves it open")
    func notSent() async throws {
        try await PlaidWorld.with { world in
            let charge = world.charge()
            let authorization = try await world.approved(charge)
            for (kind, expected) in [(FaultOrder.Kind.tooManyRequests, "notSent"), (.serverError, "unknown")] {
                world.order(kind, path: Self.create)
                let answer = await world.plaid.transfer(charge, authorization: authorization, description: "I")
                #expect(answer.kind == expected)
            }
            let nobody = Plaid(account: PlaidWorld.account("http://127.0.0.1:1"))
            let away = await nobody.transfer(charge, authorization: authorization, description: "I")
            #expect(away.kind == "notSent")
            let error = await #expect(throws: ProcessorError.self) { try await nobody.events(after: 0) }
            #expect(error?.reason == "processor-not-reached")
            let count = await world.service.ledger.transfers.count
            #expect(count == 0)
        }
    }

    @Test("an authorization ends after an hour: refused for certain where it was not used, the transfer where it was")
    func expired() async throws {
        try await PlaidWorld.with { world in
            let (used, unused) = (world.charge("PA-1"), world.charge("PA-2"))
            let first = try await world.approved(used)
            let second = try await world.approved(unused)
            world.order(.loseAnswer, path: Self.create)
            _ = await world.plaid.transfer(used, authorization: first, description: "Invoice")
            await world.service.ledger.advance(seconds: 3_600)
            let late = await world.plaid.transfer(used, authorization: first, description: "Invoice")
            #expect(late.kind == "pending")
            let refused = await world.plaid.transfer(unused, authorization: second, description: "Invoice")
            #expect(refused.kind == "declined TRANSFER_AUTHORIZATION_EXPIRED")
            // It was looked for before the refusal counted.
            #expect(world.requests("/transfer/get").count == 1)
            #expect(world.requests("/transfer/list").count == 1)
        }
    }

    @Test("a refusal of a repeat does not count where the first call had made the transfer, or nobody can tell")
    func refusedRepeat() async throws {
        let transfer =
            #"{"transfer":{"id":"T-1","authorization_id":"A-1","status":"posted","metadata":{}},"request_id":"r"}"#
        let refusal =
            #"{"error_type":"INVALID_INPUT","error_code":"ANY","error_message":"no","display_message":null,"request_id":"r"}"#
        let peer = try HTTPPeer { request, _ in
            if request.hasPrefix("POST /transfer/create ") { return Self.answer(400, refusal) }
            return request.contains("A-1") ? Self.answer(200, transfer) : Self.answer(503, "")
        }
        defer { peer.stop() }
        let plaid = Plaid(account: PlaidWorld.account(peer.url))
        let charge = PlaidCharge(
            key: "PA-1", amount: Money(units: 100_000_000), accessToken: Secret("access"), account: "account",
            legalName: "Acme Inc", metadata: [:])
        let made = await plaid.transfer(charge, authorization: "A-1", description: "Invoice")
        #expect(try made.pendingID == "T-1")
        let untold = await plaid.transfer(charge, authorization: "A-2", description: "Invoice")
        #expect(untold.kind == "unknown")
    }

    @Test(
        "without its authorization a transfer is found by its attempt among all, page after page; a broken look is no no"
    )
    func found() async throws {
        try await PlaidWorld.with { world in
            let first = try await world.made(world.charge("PA-1"))
            for number in 2...27 { _ = try await world.made(world.charge("PA-\(number)")) }
            let found = await world.plaid.find(world.charge("PA-1"), authorization: nil)
            #expect(try found?.pendingID == first)
            #expect(world.requests("/transfer/list").count == 2)
            // Another attempt of the same payment is another charge.
            let absent = await world.plaid.find(world.charge("PA-28"), authorization: nil)
            #expect(absent == nil)
            let later = Instant(milliseconds: await world.service.ledger.now).advanced(seconds: 60)
            let since = await world.plaid.find(world.charge("PA-1"), authorization: nil, since: later)
            #expect(since == nil)
            world.order(.serverError, path: "/transfer/list")
            let broken = await world.plaid.find(world.charge("PA-28"), authorization: nil)
            #expect(broken?.kind == "unknown")
        }
    }

    @Test(
        "what an error of Plaid's means goes by its type and code before its status",
        arguments: [
            (400, "INVALID_INPUT", "INVALID_ACCOUNT_ID", "processor-refused"),
            (400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "processor-refused"),
            (400, "TRANSFER_ERROR", "TRANSFER_NOT_CANCELLABLE", "processor-refused"),
            (400, "INVALID_INPUT", "INVALID_API_KEYS", "processor-credentials"),
            (401, "ANY", "ANY", "processor-credentials"), (403, "ANY", "ANY", "processor-credentials"),
            (400, "INVALID_REQUEST", "UNKNOWN_FIELDS", "processor-bad-request"),
            (400, "RATE_LIMIT_EXCEEDED", "RATE_LIMIT", "processor-busy"), (429, "ANY", "ANY", "processor-busy"),
            (400, "API_ERROR", "INTERNAL_SERVER_ERROR", "processor-failing"),
            (400, "INSTITUTION_ERROR", "INSTITUTION_DOWN", "processor-failing"),
            (503, "ANY", "ANY", "processor-failing"), (302, "ANY", "ANY", "processor-unreadable"),
        ])
    func failures(status: Int, type: String, code: String, reason: String) throws {
        let document = try Core.JSONValue(
            parsing:
                #"{"error_type":"\#(type)","error_code":"\#(code)","error_message":"no","display_message":null,"request_id":"r1"}"#
        )
        let error = Plaid.failure(status: status, document)
        #expect(error.reason == reason)
        if status != 302 { #expect(error.account.contains("request r1")) }
        // A gateway's own page is no word of Plaid's.
        #expect(Plaid.failure(status: 404, nil).reason == "processor-unreadable")
    }

    private static let authorize = "/transfer/authorization/create"
    private static let create = "/transfer/create"

    private static func answer(_ status: Int, _ body: String) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}
