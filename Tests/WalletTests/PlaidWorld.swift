import Core
import Drivers
import TestSupport

@testable import Sandbox
@testable import Wallet

/// A stood-in Plaid with a linked bank, and the client that talks to it.
struct PlaidWorld: Sendable {
    let base: String
    let server: SandboxServer
    let service: PlaidService
    let plaid: Plaid
    /// Of the linked bank.
    let accessToken: Secret

    static func with(
        creditsAt: PlaidAccount.CreditPoint = .settled, _ body: @escaping @Sendable (PlaidWorld) async throws -> Void
    ) async throws {
        let service = PlaidService()
        let server = SandboxServer(plaid: service)
        let token = await service.ledger.link()
        try await server.withRunning { base in
            var account = PlaidWorld.account(base)
            account.creditsAt = creditsAt
            try await body(
                PlaidWorld(
                    base: base, server: server, service: service, plaid: Plaid(account: account),
                    accessToken: Secret(token)))
        }
    }

    static func account(_ url: String, secret: String = "sandbox-plaid-secret") -> PlaidAccount {
        PlaidAccount(
            url: url, clientID: "sandbox-plaid-client", secret: Secret(secret),
            webhook: "https://billing.example/webhooks/plaid", deadline: .seconds(5))
    }

    func charge(
        _ key: String = "PA-1", account: PlaidBankAccount = .good, amount: Money = Money(units: 1_345_500_000)
    ) -> PlaidCharge {
        PlaidCharge(
            key: key, amount: amount, accessToken: accessToken, account: account.rawValue, legalName: "Acme Inc",
            metadata: ["payment_id": "P-1", "invoice_id": "INV-1"])
    }

    /// An authorization of the charge.
    func approved(_ charge: PlaidCharge) async throws -> String {
        let answer = await plaid.authorize(charge)
        guard case .approved(let id, isChecked: true) = answer else { throw NotAsExpected(what: "\(answer)") }
        return id
    }

    /// A transfer that was just made, by its id.
    func made(_ charge: PlaidCharge) async throws -> String {
        let answer = await plaid.transfer(
            charge, authorization: try await approved(charge), description: "Invoice")
        return try answer.pendingID
    }

    /// Has the bank go on with a transfer.
    func simulate(_ transfer: String, _ events: String...) async throws {
        for event in events {
            _ = try await service.ledger.simulate(
                .object([
                    "transfer_id": .string(transfer), "event_type": .string(event),
                    "failure_reason": .object([
                        "failure_code": .string("R01"), "description": .string("insufficient funds"),
                    ]),
                ]))
        }
    }

    func order(_ kind: FaultOrder.Kind, path: String, count: Int = 1, status: Int? = nil) {
        server.traffic.order(
            FaultOrder(service: "plaid", kind: kind, count: count, path: path, status: status))
    }

    /// Requests that came in at a path.
    func requests(_ path: String) -> [LoggedRequest] {
        server.traffic.requests(of: "plaid").filter { $0.target == path }
    }
}

struct NotAsExpected: Error {
    let what: String
}

extension ChargeAnswer {
    /// The id of a charge that is made and may still bring money.
    var pendingID: String {
        get throws {
            guard case .pending(let payment) = self else { throw NotAsExpected(what: "\(self)") }
            return payment.id
        }
    }

    /// Which of the answers it is, without its words.
    var kind: String {
        switch self {
        case .paid: "paid"
        case .pending: "pending"
        case .declined(let code, _): "declined \(code)"
        case .unknown: "unknown"
        case .notSent: "notSent"
        }
    }
}
