import Core

/// Where a transfer or a refund stands.
enum PlaidTransferStatus: String, Sendable {
    /// Made; it can still be cancelled.
    case pending
    /// Handed to the network.
    case posted
    /// The network has carried it out; it can still be returned.
    case settled
    /// The money can be moved on; it can still be returned, an unauthorised one for 60 days and more.
    case fundsAvailable = "funds_available"
    case cancelled
    case failed
    /// The bank sent it back, with a code such as `R01`.
    case returned
}

/// A transfer as Plaid has it now.
struct PlaidTransfer: Sendable, Equatable {
    let id: String
    let authorization: String?
    let status: PlaidTransferStatus
    /// Why it failed or came back: `R01` and a sentence.
    let failureCode: String?
    let failureText: String?
    /// The attempt that it was made for.
    let attempt: String?

    init(_ document: Core.JSONValue?) throws(ProcessorError) {
        guard let document, let id = document["id"]?.string, !id.isEmpty else {
            throw .unreadable("the answer holds no transfer")
        }
        guard let status = document["status"]?.string.flatMap({ PlaidTransferStatus(rawValue: $0) }) else {
            throw .unreadable("\(id) has a status nobody knows: \(document["status"]?.string ?? "none")")
        }
        self.id = id
        self.status = status
        authorization = document["authorization_id"]?.string
        (failureCode, failureText) = PlaidTransfer.failure(document["failure_reason"])
        attempt = document["metadata"]?[PlaidCharge.attemptMember]?.string
    }

    /// Code and sentence of a `failure_reason`. The older name of the code is read where the newer is missing.
    static func failure(_ reason: Core.JSONValue?) -> (code: String?, text: String?) {
        (reason?["failure_code"]?.string ?? reason?["ach_return_code"]?.string, reason?["description"]?.string)
    }

    /// What the status says of the charge.
    func answer(creditedAt point: PlaidAccount.CreditPoint) -> ChargeAnswer {
        let payment = ProcessorPayment(id: id, lastFour: nil, authCode: nil)
        switch status {
        case .pending, .posted: return .pending(payment)
        case .settled:
            switch point {
            case .settled: return .paid(payment)
            case .fundsAvailable: return .pending(payment)
            }
        case .fundsAvailable: return .paid(payment)
        case .cancelled: return .declined(code: "CANCELLED", text: failureText ?? "cancelled before it was posted")
        case .failed: return .declined(code: failureCode ?? "FAILED", text: failureText ?? "no reason given")
        case .returned: return .declined(code: failureCode ?? "RETURNED", text: failureText ?? "no reason given")
        }
    }
}

extension Plaid {
    /// Transfers on a page of `/transfer/list`: as many as Plaid gives.
    private static let listPage = 25
    /// Pages that a look goes through before it gives up.
    private static let listPages = 40

    /// What became of a charge whose answer was lost: by its authorization, else by its attempt's id among all transfers. Nil says that
    /// there surely is none: the whole list was read.
    /// - Parameter since: transfers made before are passed over. Without it a look gives up (`.unknown`) after 1,000 transfers.
    func find(_ charge: PlaidCharge, authorization: String?, since: Instant? = nil) async -> ChargeAnswer? {
        do throws(ProcessorError) {
            if let authorization, let transfer = try await transfer(of: authorization) {
                return transfer.answer(creditedAt: account.creditsAt)
            }
            for page in 0..<Plaid.listPages {
                let transfers = try await list(offset: page * Plaid.listPage, since: since)
                for document in transfers where Plaid.fits(document, charge, authorization) {
                    return try PlaidTransfer(document).answer(creditedAt: account.creditsAt)
                }
                if transfers.count < Plaid.listPage { return nil }
            }
            return .unknown(reason: "not among the newest \(Plaid.listPages * Plaid.listPage) transfers")
        } catch {
            return .unknown(reason: "looking for the transfer: \(error.account)")
        }
    }

    /// Calls a transfer off. `.declined` says that it was; one that was posted before answers with where it stands.
    func cancel(transfer id: String) async -> ChargeAnswer {
        var body = JSONWriter()
        body.object { $0.field("transfer_id", id) }
        do throws(ProcessorError) {
            _ = try await post("/transfer/cancel", body.bytes, isLook: false)
            return .declined(code: "CANCELLED", text: "cancelled before it was posted")
        } catch {
            guard case .refused = error else { return ChargeAnswer(error) }
            do throws(ProcessorError) {
                let answer = try await post("/transfer/get", body.bytes)
                return try PlaidTransfer(answer["transfer"]).answer(creditedAt: account.creditsAt)
            } catch {
                return .unknown(reason: "neither cancelled nor found: \(error.account)")
            }
        }
    }

    /// Pays a transfer back, whole or in part, within 180 days. A repeat with the same key is the same refund.
    func refund(transfer id: String, amount: Money, key: String) async -> ChargeAnswer {
        var body = JSONWriter()
        body.object { body in
            body.field("transfer_id", id)
            body.field("amount", amount.text(.cents))
            body.field("idempotency_key", key)
        }
        do throws(ProcessorError) {
            let answer = try await post("/transfer/refund/create", body.bytes, isLook: false)
            // Id, status and failure of a refund are those of a transfer; it has no later point than `settled`.
            return try PlaidTransfer(answer["refund"]).answer(creditedAt: .settled)
        } catch {
            return ChargeAnswer(error)
        }
    }

    /// The transfer that an authorization was used for; nil where Plaid refuses to name one. How it says that there is none is not
    /// documented, so this alone proves nothing.
    private func transfer(of authorization: String) async throws(ProcessorError) -> PlaidTransfer? {
        var body = JSONWriter()
        body.object { $0.field("authorization_id", authorization) }
        do throws(ProcessorError) {
            let answer = try await post("/transfer/get", body.bytes)
            let transfer = try PlaidTransfer(answer["transfer"])
            guard transfer.authorization == authorization else {
                throw .unreadable("\(transfer.id) is of another authorization")
            }
            return transfer
        } catch .refused {
            return nil
        }
    }

    private func list(offset: Int, since: Instant?) async throws(ProcessorError) -> [Core.JSONValue] {
        var body = JSONWriter()
        body.object { body in
            body.field("count", Plaid.listPage)
            body.field("offset", offset)
            // Whole seconds, as Plaid writes its own.
            if let since { body.field("start_date", since.text.prefix(19) + "Z") }
        }
        let answer = try await post("/transfer/list", body.bytes)
        guard let transfers = answer["transfers"]?.elements else { throw .unreadable("the answer lists no transfers") }
        return transfers
    }

    private static func fits(_ transfer: Core.JSONValue, _ charge: PlaidCharge, _ authorization: String?) -> Bool {
        if let authorization, transfer["authorization_id"]?.string == authorization { return true }
        return transfer["metadata"]?[PlaidCharge.attemptMember]?.string == charge.key
    }
}
