import Foundation
import HTTPTypes
import Hummingbird

/// Who the stood-in Plaid lets in.
struct PlaidCredentials: Sendable {
    var clientID = "sandbox-plaid-client"
    var secret = "sandbox-plaid-secret"

    init() {}

    /// Reads `plaid-client-id` and `plaid-secret` of a directory, where they are.
    init(directory: URL?) throws {
        func value(_ name: String) throws -> String? {
            guard let file = directory?.appending(path: "plaid-\(name)"),
                FileManager.default.fileExists(atPath: file.path)
            else { return nil }
            return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        clientID = try value("client-id") ?? clientID
        secret = try value("secret") ?? secret
    }
}

/// Stands in for Plaid Transfer as far as billing uses it: linked banks, authorizations, transfers, events, signed webhooks. What decides
/// an authorization is the account's id (`PlaidBankAccount`); what becomes of a transfer, `/sandbox/transfer/simulate`.
struct PlaidService: OutsideService {
    let name = "plaid"
    let concurrentRequests: Int? = nil
    let credentials: PlaidCredentials
    let ledger = PlaidLedger()
    let desk = PlaidWebhookDesk()

    init(credentials: PlaidCredentials = PlaidCredentials()) {
        self.credentials = credentials
    }

    func errorAnswer(status: HTTPResponse.Status) -> Response {
        PlaidFault.ordered(status: status.code).answer(requestID: Self.requestID())
    }

    func addRoutes(to router: RouterGroup<SandboxContext>) {
        add("/link/token/create", .linkToken, to: router) { body throws(PlaidFault) in try await linkToken(body) }
        add("/item/public_token/exchange", .exchange, to: router) { body throws(PlaidFault) in
            try await ledger.exchange(body)
        }
        add("/accounts/get", .accounts, to: router) { body throws(PlaidFault) in try await ledger.accounts(body) }
        add("/transfer/authorization/create", .authorization, to: router) { body throws(PlaidFault) in
            try await ledger.authorize(body)
        }
        add("/transfer/create", .transfer, to: router) { body throws(PlaidFault) in try await ledger.transfer(body) }
        add("/transfer/get", .transferGet, to: router) { body throws(PlaidFault) in try await ledger.get(body) }
        add("/transfer/list", .transferList, to: router) { body throws(PlaidFault) in await ledger.list(body) }
        add("/transfer/cancel", .cancel, to: router) { body throws(PlaidFault) in try await ledger.cancel(body) }
        add("/transfer/refund/create", .refund, to: router) { body throws(PlaidFault) in
            try await ledger.refund(body)
        }
        add("/transfer/event/sync", .eventSync, to: router) { body throws(PlaidFault) in await ledger.sync(body) }
        add("/webhook_verification_key/get", .verificationKey, to: router) { body throws(PlaidFault) in
            try await desk.publicKey(body)
        }
        add("/sandbox/public_token/create", .publicToken, to: router) { _ throws(PlaidFault) in
            ["public_token": .string(await ledger.newPublicToken())]
        }
        add("/sandbox/transfer/simulate", .simulate, to: router) { body throws(PlaidFault) in
            let answer = try await ledger.simulate(body)
            if let url = body["webhook"]?.string { _ = try await send(to: url, copies: 1) }
            return answer
        }
        add("/sandbox/transfer/fire_webhook", .fireWebhook, to: router) { body throws(PlaidFault) in
            _ = try await send(to: body["webhook"]?.string ?? "", copies: 1)
            return [:]
        }
    }

    /// - `GET transfers?payment_id=…`: transfers as Plaid has them, those of one payment or all.
    /// - `POST simulate`: as `/sandbox/transfer/simulate`, without credentials.
    /// - `POST webhook {"url", "copies"}`: sends `TRANSFER_EVENTS_UPDATE`, and answers with the statuses that came back.
    /// - `POST webhook-keys`: makes a new signing key; the old one has expired.
    /// - `POST clock {"seconds"}`: moves the clock of authorizations and keys on.
    func addControls(to router: RouterGroup<SandboxContext>) {
        router.get("transfers") { request, _ in
            let payment = request.uri.queryParameters["payment_id"].map(String.init)
            let found = await ledger.transfers.map(\.document).filter { transfer in
                payment == nil || transfer["metadata"]?["payment_id"]?.string == payment
            }
            return Response(json: .array(found))
        }
        control("simulate", on: router) { body throws(PlaidFault) in
            try PlaidShape.simulate.check(body)
            return try await ledger.simulate(body)
        }
        control("webhook", on: router) { body throws(PlaidFault) in
            let statuses = try await send(to: body["url"]?.string ?? "", copies: body["copies"]?.integer ?? 1)
            return ["statuses": .array(statuses.map { .number("\($0)") })]
        }
        control("webhook-keys", on: router) { _ throws(PlaidFault) in
            do {
                try await desk.rotate()
            } catch {
                throw .invalid("key", "\(error)")
            }
            return [:]
        }
        control("clock", on: router) { body throws(PlaidFault) in
            guard let seconds = body["seconds"]?.integer else { throw .missing("seconds") }
            await ledger.advance(seconds: seconds)
            return [:]
        }
    }

    private typealias Work = @Sendable (JSONValue) async throws(PlaidFault) -> JSONObject

    /// A path of Plaid's: headers and body are checked before the work is done.
    private func add(
        _ path: String, _ shape: PlaidShape, to router: RouterGroup<SandboxContext>, _ work: @escaping Work
    ) {
        router.post("\(path)") { request, _ in
            var request = request
            let bytes = try await request.bodyBytes()
            let requestID = Self.requestID()
            do throws(PlaidFault) {
                try admit(request)
                let body = try Self.document(bytes)
                try shape.check(body)
                var answer = try await work(body)
                answer["request_id"] = .string(requestID)
                return Response(json: .object(answer))
            } catch {
                return error.answer(requestID: requestID)
            }
        }
    }

    private func control(_ path: String, on router: RouterGroup<SandboxContext>, _ work: @escaping Work) {
        router.post("\(path)") { request, _ in
            var request = request
            let bytes = try await request.bodyBytes()
            do throws(PlaidFault) {
                return Response(json: .object(try await work(bytes.isEmpty ? .object([:]) : try Self.document(bytes))))
            } catch {
                return error.answer(requestID: Self.requestID())
            }
        }
    }

    private func admit(_ request: Request) throws(PlaidFault) {
        guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
            throw PlaidFault(
                type: "INVALID_REQUEST", code: "INVALID_HEADERS", message: "Content-Type must be application/json")
        }
        guard request.headers[.plaidVersion] == "2020-09-14" else {
            throw PlaidFault(
                type: "INVALID_REQUEST", code: "INVALID_HEADERS", message: "Plaid-Version must be 2020-09-14")
        }
        guard let clientID = request.headers[.plaidClientID], let secret = request.headers[.plaidSecret] else {
            throw .missing("PLAID-CLIENT-ID, PLAID-SECRET")
        }
        guard clientID == credentials.clientID, secret == credentials.secret else {
            throw .input("INVALID_API_KEYS", "invalid client_id or secret provided")
        }
    }

    private func linkToken(_ body: JSONValue) async throws(PlaidFault) -> JSONObject {
        // Without an item that is brought up to date, products are what Link is opened for.
        guard body["access_token"]?.string != nil || body["products"]?.elements != nil else {
            throw .missing("products")
        }
        if body["access_token"]?.string != nil { _ = try await ledger.accounts(body) }
        let expiry = await ledger.now + 4 * 3_600_000
        return [
            "link_token": .string("link-sandbox-\(PlaidText.newID())"),
            "expiration": .string(PlaidText.instant(expiry)),
        ]
    }

    /// Webhooks go to this machine only.
    private func send(to url: String, copies: Int) async throws(PlaidFault) -> [Int] {
        guard ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"].contains(where: url.hasPrefix),
            (1...10).contains(copies)
        else { throw .invalid("webhook", "must be an address of this machine, and at most ten copies") }
        do {
            return try await desk.send(to: url, copies: copies)
        } catch {
            throw .invalid("webhook", "was not delivered: \(error)")
        }
    }

    private static func document(_ bytes: [UInt8]) throws(PlaidFault) -> JSONValue {
        do throws(JSONValue.ParsingError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw PlaidFault(
                type: "INVALID_REQUEST", code: "INVALID_BODY",
                message: "body could not be parsed as JSON at byte \(error.offset): \(error.message)")
        }
    }

    private static func requestID() -> String { String(PlaidText.newID().filter { $0 != "-" }.prefix(15)) }
}

extension HTTPField.Name {
    static let plaidVersion = Self("Plaid-Version")!
    static let plaidClientID = Self("PLAID-CLIENT-ID")!
    static let plaidSecret = Self("PLAID-SECRET")!
}
