import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Wallet

@Suite("Authorizations", .needsServices)
struct AuthorizationRoutesTests {
    /// A running wallet with reference data, and a prepaid customer of one dollar whose account is BAN1.
    private func with(_ body: @escaping @Sendable (WalletWorld, RunningDaemon) async throws -> Void) async throws {
        try await WalletWorld.with { world in
            try await world.admin.execute(
                "INSERT INTO billing.customer_bans (ban, customer_id) VALUES ('BAN1', \(WalletWorld.prepaid))")
            try await world.loadReference()
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, created_at)
                VALUES (\(Digest.sha256("key-of-kamailio")), 'kamailio', 'service', \(world.noon))
                """)
            let values = world.database.settings().merging(["postgres.user": "warp_wallet"]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await body(world, wallet)
            }
        }
    }

    private static let path = "/internal/v1/authorizations"
    private static let call =
        #"{"sip_uuid":"u1","customer_ban":"BAN1","ani":"2126001111","dni":"3122005555","direction":"terminating"}"#

    @Test("a call walks from its first question to its end, each answer one line")
    func walk() async throws {
        try await with { world, wallet async throws in
            let answer = try await wallet.post(Self.path, Self.call, token: "key-of-kamailio")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"allow":true,"max_seconds":299,"reason":"ok","hold_id":"u1"}"#)
            #expect(try await wallet.post(Self.path, Self.call, token: "key-of-kamailio").text == answer.text)
            let more = try await wallet.post(Self.path + "/extend", #"{"sip_uuid":"u1"}"#, token: "key-of-kamailio")
            #expect(more.text == #"{"allow":true,"max_seconds":599,"reason":"ok","hold_id":"u1"}"#)
            let end = try await wallet.post(
                Self.path + "/end", #"{"sip_uuid":"u1","seconds":61}"#, token: "key-of-kamailio")
            #expect(end.text == #"{"allow":true,"max_seconds":null,"reason":"ok","hold_id":"u1"}"#)
            #expect(try await world.states().map { $0.hasPrefix("u1 ended") } == [true])
            let unknown = try await wallet.post(Self.path + "/extend", #"{"sip_uuid":"u2"}"#, token: "key-of-kamailio")
            #expect(unknown.text == #"{"allow":false,"max_seconds":null,"reason":"NO_HOLD"}"#)
        }
    }

    @Test("who may not be charged is refused, but for an emergency call")
    func refused() async throws {
        try await with { world, wallet async throws in
            let stranger = Self.call.replacing("BAN1", with: "BAN9")
            let refused = try await wallet.post(Self.path, stranger, token: "key-of-kamailio")
            #expect(refused.text == #"{"allow":false,"max_seconds":null,"reason":"UNKNOWN_CUSTOMER"}"#)
            let emergency = stranger.replacing("3122005555", with: "911")
            let allowed = try await wallet.post(Self.path, emergency, token: "key-of-kamailio")
            #expect(allowed.text == #"{"allow":true,"max_seconds":14400,"reason":"ok"}"#)
            #expect(try await world.states().isEmpty)
        }
    }

    @Test("a vendor's price is judged by the margin that it leaves")
    func margin() async throws {
        try await with { _, wallet async throws in
            let offered = Self.call.replacing(#""direction""#, with: #""vendor":"nobody","direction""#)
            let answer = try await wallet.post(Self.path, offered, token: "key-of-kamailio")
            #expect(answer.text.contains(#""margin":"NO_VENDOR_RATE""#))
        }
    }

    @Test(
        "what cannot be read names its field",
        arguments: [
            ("", Self.call.replacing(#""sip_uuid":"u1","#, with: ""), "sip_uuid"),
            ("", Self.call.replacing("u1", with: ""), "/sip_uuid"),
            ("", Self.call.replacing("BAN1", with: ""), "/customer_ban"),
            ("/end", #"{"sip_uuid":"u1","seconds":-1}"#, "/seconds"),
            ("/end", #"{"sip_uuid":"u1"}"#, "seconds"),
        ])
    func unreadable(route: String, body: String, field: String) async throws {
        try await with { _, wallet async throws in
            let answer = try await wallet.post(Self.path + route, body, token: "key-of-kamailio")
            #expect(answer.status == 422)
            #expect(answer.text.contains(field))
        }
    }

    @Test("Kamailio's Basic password is a token; a customer's key or none opens nothing")
    func callers() async throws {
        try await with { world, wallet async throws in
            try await world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                VALUES (\(Digest.sha256("key-of-a-customer")), 'test', 'customer', \(WalletWorld.prepaid), \(world.noon))
                """)
            #expect(try await wallet.post(Self.path, Self.call, token: "key-of-a-customer").status == 403)
            #expect(try await wallet.post(Self.path, Self.call).status == 401)
            let basic = "Basic " + Base64.encode(Array("kamailio:key-of-kamailio".utf8))
            let answer = try await wallet.send(
                .post, Self.path, body: Self.call, headers: [HTTPField("Authorization", basic)])
            #expect(answer.status == 200)
        }
    }
}
