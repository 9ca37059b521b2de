import Core
import Drivers
import Testing

@testable import Sandbox

@Suite("Plaid's stand-in")
struct PlaidStandInTests {
    @Test("it wants its headers and its version, and answers errors in Plaid's form with a request id")
    func headers() async throws {
        try await PlaidClient.withStandIn { client in
            let body: JSONObject = ["access_token": .string(client.accessToken)]
            for (name, code) in [
                ("Plaid-Version", "INVALID_HEADERS"), ("PLAID-CLIENT-ID", "MISSING_FIELDS"),
                ("PLAID-SECRET", "MISSING_FIELDS"),
            ] {
                let answer = try await client.send("/accounts/get", body, without: name)
                #expect(answer.status == 400)
                #expect(try answer.json()["error_code"]?.string == code)
            }
            let old = try await client.send("/accounts/get", body, changing: ["Plaid-Version": "2019-05-29"])
            #expect(old.status == 400)
            let wrong = try await client.send("/accounts/get", body, changing: ["PLAID-SECRET": "wrong"])
            let document = try wrong.json()
            #expect(document["error_type"]?.string == "INVALID_INPUT")
            #expect(document["error_code"]?.string == "INVALID_API_KEYS")
            #expect(document["error_message"]?.string != nil)
            #expect(document["display_message"] == .null)
            #expect(document["request_id"]?.string?.count == 15)
            let right = try await client.send("/accounts/get", body)
            #expect(right.status == 200)
            #expect(try right.json()["request_id"]?.string?.count == 15)
        }
    }

    @Test(
        "an authorization's members are checked one by one",
        arguments: [
            (#"{"amount":"10"}"#, "INVALID_FIELD"), (#"{"amount":"10.0"}"#, "INVALID_FIELD"),
            (#"{"amount":"10.000"}"#, "INVALID_FIELD"), (#"{"amount":"0.00"}"#, "INVALID_FIELD"),
            (#"{"amount":"-1.00"}"#, "INVALID_FIELD"), (#"{"amount":"1,000.00"}"#, "INVALID_FIELD"),
            (#"{"amount":10.00}"#, "INVALID_FIELD"), (#"{"amount":"0.01"}"#, "ok"),
            (#"{"idempotency_key":"01234567890123456789012345678901234567890123456789"}"#, "ok"),
            (#"{"idempotency_key":"01234567890123456789012345678901234567890123456789x"}"#, "INVALID_FIELD"),
            (#"{"ach_class":"ppd"}"#, "TRANSFER_FORBIDDEN_ACH_CLASS"), (#"{"ach_class":"ctx"}"#, "INVALID_FIELD"),
            (#"{"network":"sepa"}"#, "INVALID_FIELD"), (#"{"user":{}}"#, "MISSING_FIELDS"),
            (#"{"user":"Acme Inc"}"#, "INVALID_FIELD"), (#"{"user":{"legal_name":""}}"#, "INVALID_FIELD"),
            (#"{"client_id":"sandbox-plaid-client"}"#, "UNKNOWN_FIELDS"), (#"{"user_present":"no"}"#, "INVALID_FIELD"),
            (#"{"user_present":false}"#, "ok"), (#"{"user_present":null}"#, "ok"),
            (#"{"account_id":"account-nobody"}"#, "INVALID_ACCOUNT_ID"),
            (#"{"access_token":"access-nobody"}"#, "INVALID_ACCESS_TOKEN"),
        ])
    func authorizationShape(changes: String, expected: String) async throws {
        try await PlaidClient.withStandIn { client in
            let body = client.authorization(try JSONObject(changes))
            let outcome = try await client.outcome("/transfer/authorization/create", body)
            #expect(outcome == expected)
        }
    }

    @Test(
        "what an authorization must have",
        arguments: [
            "access_token", "account_id", "type", "network", "ach_class", "amount", "user", "idempotency_key",
        ])
    func missing(name: String) async throws {
        try await PlaidClient.withStandIn { client in
            var body = client.authorization()
            body[name] = nil
            let outcome = try await client.outcome("/transfer/authorization/create", body)
            #expect(outcome == "MISSING_FIELDS")
        }
    }

    @Test(
        "one key brings one authorization for 48 hours; with other parameters it is refused; a demand to log in is not kept"
    )
    func authorizationKey() async throws {
        try await PlaidClient.withStandIn { client in
            func id(_ changes: JSONObject = [:]) async throws -> String? {
                let answer = try await client.send("/transfer/authorization/create", client.authorization(changes))
                return try answer.json()["authorization"]?["id"]?.string
            }
            let first = try await id()
            #expect(try await id() == first)
            let other = try await client.outcome(
                "/transfer/authorization/create", client.authorization(["amount": .string("11.00")]))
            #expect(other == "INVALID_FIELD")
            await client.service.ledger.advance(seconds: 48 * 3_600 - 60)
            #expect(try await id() == first)
            await client.service.ledger.advance(seconds: 60)
            #expect(try await id() != first)
            let relink: JSONObject = [
                "account_id": .string("account-relink"), "idempotency_key": .string("K-2"),
            ]
            let asked = try await id(relink)
            #expect(asked != nil)
            #expect(try await id(relink) != asked)
        }
    }

    @Test(
        "a transfer's members are checked, its metadata too",
        arguments: [
            (#"{"description":"10 letters"}"#, "ok"), (#"{"description":"11 letters!"}"#, "INVALID_FIELD"),
            (#"{"amount":"10.00"}"#, "ok"), (#"{"amount":"9.99"}"#, "ok"), (#"{"amount":"10.01"}"#, "INVALID_FIELD"),
            (#"{"authorization_id":"nobody"}"#, "INVALID_AUTHORIZATION_ID"),
            (#"{"account_id":"account-nsf"}"#, "INVALID_FIELD"), (#"{"metadata":{"a":1}}"#, "INVALID_FIELD"),
            (#"{"metadata":{"a":"é"}}"#, "INVALID_FIELD"), (metadata(count: 50), "ok"),
            (metadata(count: 51), "INVALID_FIELD"), (metadata(nameLength: 40), "ok"),
            (metadata(nameLength: 41), "INVALID_FIELD"), (metadata(valueLength: 500), "ok"),
            (metadata(valueLength: 501), "INVALID_FIELD"),
        ])
    func transferShape(changes: String, expected: String) async throws {
        try await PlaidClient.withStandIn { client in
            let body = try await client.transfer(try JSONObject(changes))
            let outcome = try await client.outcome("/transfer/create", body)
            #expect(outcome == expected)
        }
    }

    /// Metadata of so many members, the first with a name and a value of so many characters.
    private static func metadata(count: Int = 1, nameLength: Int = 1, valueLength: Int = 1) -> String {
        let first = "\"\(String(repeating: "n", count: nameLength))\":\"\(String(repeating: "v", count: valueLength))\""
        let others = (1..<max(count, 1)).map { "\"m\($0)\":\"\"" }
        return "{\"metadata\":{\(([first] + others).joined(separator: ","))}}"
    }

    @Test("an authorization makes one transfer, within its hour; afterwards it only shows the one that it made")
    func transferOnce() async throws {
        try await PlaidClient.withStandIn { client in
            let (used, unused) = (try await client.transfer(), try await client.transfer(key: "K-2"))
            func id() async throws -> String? {
                try await client.send("/transfer/create", used).json()["transfer"]?["id"]?.string
            }
            await client.service.ledger.advance(seconds: 3_599)
            let first = try await id()
            #expect(try await id() == first)
            await client.service.ledger.advance(seconds: 1)
            #expect(try await id() == first)
            #expect(try await client.outcome("/transfer/create", unused) == "TRANSFER_AUTHORIZATION_EXPIRED")
            let events = try await client.send("/transfer/event/sync", ["after_id": .number("0")]).json()
            #expect(events["transfer_events"]?.elements?.map { $0["event_type"]?.string } == ["pending"])
        }
    }

    @Test("a transfer moves on as banks allow, each move with an event of the next id")
    func simulate() async throws {
        try await PlaidClient.withStandIn { client in
            let made = try await client.send("/transfer/create", try await client.transfer()).json()
            let id = try #require(made["transfer"]?["id"])
            var outcomes: [String] = []
            for event in ["settled", "posted", "posted", "settled", "returned", "funds_available"] {
                outcomes.append(
                    try await client.outcome(
                        "/sandbox/transfer/simulate",
                        [
                            "transfer_id": id, "event_type": .string(event),
                            "failure_reason": .object(["ach_return_code": .string("R10")]),
                        ]))
            }
            let no = "SANDBOX_TRANSFER_EVENT_TRANSITION_INVALID"
            #expect(outcomes == [no, "ok", no, "ok", "ok", no])
            let page = try await client.send("/transfer/event/sync", ["after_id": .number("1"), "count": .number("2")])
            let events = try page.json()["transfer_events"]?.elements ?? []
            #expect(events.map { $0["event_id"] } == [.number("2"), .number("3")])
            #expect(try page.json()["has_more"] == .bool(true))
            let last = try await client.send("/transfer/event/sync", ["after_id": .number("3")]).json()
            let returned = try #require(last["transfer_events"]?.elements?.first)
            #expect(returned["failure_reason"]?["failure_code"]?.string == "R10")
            #expect(returned["transfer_amount"]?.string == "10.00")
            #expect(last["has_more"] == .bool(false))
            #expect(try await client.outcome("/transfer/event/sync", ["after_id": .number("-1")]) == "INVALID_FIELD")
            let many: JSONObject = ["after_id": .number("0"), "count": .number("501")]
            #expect(try await client.outcome("/transfer/event/sync", many) == "INVALID_FIELD")
        }
    }

    @Test("controls list a payment's transfers, move them on, and send webhooks to this machine only")
    func controls() async throws {
        try await PlaidClient.withStandIn { client in
            let made = try await client.send("/transfer/create", try await client.transfer()).json()
            let id = try #require(made["transfer"]?["id"])
            let moved = try await client.send(
                "/_control/plaid/simulate", ["transfer_id": id, "event_type": .string("posted")])
            #expect(moved.status == 200)
            let listed = try await client.send("/_control/plaid/transfers?payment_id=P-1", [:], method: .get).json()
            #expect(listed.elements?.map { $0["status"]?.string } == ["posted"])
            let none = try await client.send("/_control/plaid/transfers?payment_id=P-2", [:], method: .get).json()
            #expect(none == .array([]))

            let sent = try await client.send(
                "/_control/plaid/webhook", ["url": .string("\(client.base)/sink/hook"), "copies": .number("2")])
            #expect(try sent.json()["statuses"]?.elements == [.number("204"), .number("204")])
            let fired = try await client.outcome(
                "/sandbox/transfer/fire_webhook", ["webhook": .string("\(client.base)/sink/hook")])
            #expect(fired == "ok")
            let received = client.server.traffic.requests(of: "sink")
            #expect(received.count == 3)
            #expect(received.allSatisfy { $0.headers["plaid-verification"]?.split(separator: ".").count == 3 })
            let away = try await client.send(
                "/_control/plaid/webhook", ["url": .string("http://203.0.113.1/hook")])
            #expect(away.status == 400)
        }
    }

    @Test("a webhook's token verifies with the key that Plaid names, which says when it has expired")
    func verificationKey() async throws {
        try await PlaidClient.withStandIn { client in
            let token = try await client.service.desk.token(over: [1, 2, 3])
            let header = try #require(Base64.decode(token.prefix { $0 != "." }))
            let kid = try #require(try JSONValue(parsing: header)["kid"])
            let path = "/webhook_verification_key/get"
            let key = try #require(try await client.send(path, ["key_id": kid]).json()["key"])
            #expect(key["alg"]?.string == "ES256")
            #expect(key["expired_at"] == .null)
            let verifier = try VerifyingKey(
                p256X: try #require(key["x"]?.string), y: try #require(key["y"]?.string))
            let claims = try JSONValue(parsing: try #require(verifier.claims(ofToken: token, .es256)).claims)
            #expect(claims["request_body_sha256"]?.string == Digest.hex(Digest.sha256([1, 2, 3])))
            #expect(try await client.send("/_control/plaid/webhook-keys", [:]).status == 200)
            let old = try await client.send(path, ["key_id": kid]).json()["key"]
            #expect(old?["expired_at"]?.integer != nil)
            let unknown = try await client.outcome(path, ["key_id": .string("nobody")])
            #expect(unknown == "INVALID_WEBHOOK_VERIFICATION_KEY_ID")
        }
    }

    @Test("a public token is good for one exchange, and what a transfer is asked by is one id, not two")
    func lookups() async throws {
        try await PlaidClient.withStandIn { client in
            let institution: JSONObject = [
                "institution_id": .string("ins_109508"), "initial_products": .array([.string("transfer")]),
            ]
            let made = try await client.send("/sandbox/public_token/create", institution).json()
            let exchange: JSONObject = ["public_token": try #require(made["public_token"])]
            #expect(try await client.outcome("/item/public_token/exchange", exchange) == "ok")
            #expect(try await client.outcome("/item/public_token/exchange", exchange) == "INVALID_PUBLIC_TOKEN")

            let transfer = try await client.transfer()
            let id = try #require(try await client.send("/transfer/create", transfer).json()["transfer"]?["id"])
            let authorization = try #require(transfer["authorization_id"])
            let (byTransfer, byAuthorization): (JSONObject, JSONObject) = (
                ["transfer_id": id], ["authorization_id": authorization]
            )
            #expect(try await client.outcome("/transfer/get", byTransfer) == "ok")
            #expect(try await client.outcome("/transfer/get", byAuthorization) == "ok")
            let both: JSONObject = ["transfer_id": id, "authorization_id": authorization]
            #expect(try await client.outcome("/transfer/get", both) == "INVALID_FIELD")
            #expect(try await client.outcome("/transfer/get", [:]) == "INVALID_FIELD")
            #expect(try await client.outcome("/transfer/get", ["transfer_id": .string("no")]) == "TRANSFER_NOT_FOUND")
            #expect(try await client.outcome("/transfer/list", ["count": .number("26")]) == "INVALID_FIELD")
        }
    }
}
