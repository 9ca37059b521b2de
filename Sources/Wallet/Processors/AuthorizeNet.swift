import Core
import DaemonKit
import Drivers

/// Card charges at Authorize.Net by stored profile: request, answer, look-up; no decisions.
///
/// It knows no idempotency key. What stands in for one: `invoiceNumber` is the attempt's reference, the same bytes are sent with each
/// repeat, and `duplicateWindow` makes the second of two identical transactions an error 11 that names the first.
struct AuthorizeNet: Sendable {
    private let account: AuthorizeNetAccount
    private let connections: ProcessorConnections
    /// By the machine's clock, in milliseconds since 1970: dates there are real ones, whatever clock billing uses.
    private let now: @Sendable () -> Int64

    /// So many requests run at a time.
    private static let connectionCount = 4
    /// A page of 1000 transactions is some 600 kB.
    private static let longestAnswer = 8 << 20

    init(account: AuthorizeNetAccount) {
        self.init(account: account, now: { Clock.system.now() })
    }

    init(account: AuthorizeNetAccount, now: @escaping @Sendable () -> Int64) {
        self.account = account
        self.now = now
        connections = ProcessorConnections(count: Self.connectionCount)
    }

    /// Charges a stored card. May be repeated unchanged for eight hours; after `.unknown` only when `find` has answered nil.
    func charge(_ charge: CardCharge) async -> ChargeAnswer {
        do throws(ProcessorError) {
            return try await outcome(of: try .charge(charge), expecting: ExpectedTransaction(charge))
        } catch {
            return Self.answer(to: error)
        }
    }

    /// What the processor has under the charge's reference: asked after `.unknown`, once the deadline of the charge has passed. Nil:
    /// it surely has none. `.unknown`: it can't be asked, or what it has is not what we sent.
    func find(_ charge: CardCharge) async -> ChargeAnswer? {
        do throws(ProcessorError) {
            return try await found(ExpectedTransaction(charge), ofCustomer: charge.customerProfile)
        } catch {
            return .unknown(reason: error.account)
        }
    }

    /// A transaction as it stands now; nil where there is none.
    func details(_ transactionID: String) async throws(ProcessorError) -> TransactionDetails? {
        do throws(ProcessorError) {
            return try TransactionDetails(try await ask(try .details(transactionID)))
        } catch .refused("E00040", _) {
            return nil
        }
    }

    /// Gives money of a settled charge back. Before settlement it is declined with `54`: then `void` is the way.
    func refund(
        _ transactionID: String, amount: Money, lastFour: String, reference: String
    ) async -> ChargeAnswer {
        do throws(ProcessorError) {
            return try await outcome(
                of: try .refund(transactionID, amount: amount, lastFour: lastFour, reference: reference),
                expecting: ExpectedTransaction(type: .refund, reference: reference, amount: amount))
        } catch {
            return Self.answer(to: error)
        }
    }

    /// Takes a charge back that is not settled. May be repeated.
    func void(_ transactionID: String, reference: String) async -> ChargeAnswer {
        do throws(ProcessorError) {
            return try await outcome(of: try .void(transactionID, reference: reference), expecting: nil)
        } catch {
            return Self.answer(to: error)
        }
    }

    // MARK: Asking

    /// Sends a transaction and reads what became of it.
    private func outcome(
        of request: AuthorizeNetRequest, expecting expected: ExpectedTransaction?
    ) async throws(ProcessorError) -> ChargeAnswer {
        let answer = try await send(request)
        guard let transaction = answer.transaction else { throw answer.fault }
        switch transaction.outcome {
        case .approved(let payment): return .paid(payment)
        case .heldForReview(let payment): return .pending(payment)
        case .declined(let code, let text): return .declined(code: code, text: text)
        case .unclear(let words): throw .failing(words)
        case .duplicate(let id):
            guard let id, let expected else { throw .unreadable("a duplicate of an unnamed transaction") }
            return await confirmed(id, expected)
        }
    }

    /// A duplicate is no decline: its first transaction says what became of both.
    private func confirmed(_ transactionID: String, _ expected: ExpectedTransaction) async -> ChargeAnswer {
        do throws(ProcessorError) {
            guard let details = try await details(transactionID) else {
                throw .unreadable("no transaction \(transactionID), of which this is a duplicate")
            }
            return details.answer(expecting: expected)
        } catch {
            return .unknown(reason: error.account)
        }
    }

    /// Sends a request whose answer is Ok, or throws what it says.
    func ask(_ request: AuthorizeNetRequest) async throws(ProcessorError) -> AuthorizeNetAnswer {
        let answer = try await send(request)
        guard answer.isOk else { throw answer.fault }
        return answer
    }

    /// Sends a request and reads the answer, Ok or not.
    func send(_ request: AuthorizeNetRequest) async throws(ProcessorError) -> AuthorizeNetAnswer {
        Watchdog.progressed()
        let answer: HTTPClientResponse
        do throws(HTTPClientError) {
            answer = try await connections.send(
                HTTPClientRequest(
                    .post, account.url, headers: [HTTPField("Content-Type", "application/json")],
                    body: request.body(for: account), connectTimeout: account.deadline,
                    totalTimeout: account.deadline, maxResponseBytes: Self.longestAnswer,
                    usesKeptConnection: request.isLookUp))
        } catch {
            if case .bodyTooLarge = error { throw .unreadable("\(error)") }
            throw error.outcomeUnknown ? .timedOut("\(error)") : .notReached("\(error)")
        }
        switch answer.status {
        case 200: return try AuthorizeNetAnswer(reading: answer.body, to: request.reference)
        case 429: throw .busy("status 429")
        case 401, 403: throw .credentials("status \(answer.status)")
        // The address is wrong, or what we send to it.
        case 404, 405, 413, 415: throw .badRequest("status \(answer.status)")
        default: throw .failing("status \(answer.status)")
        }
    }

    /// The UTC instants between which settled batches are looked through.
    func settlementSpan(days: Int) -> (start: Instant, end: Instant) {
        let end = Instant(milliseconds: now())
        return (end.advanced(seconds: -days * 86_400), end)
    }

    /// An error that came without a transaction. Only one is known to say that nothing was charged: there is no such profile.
    private static func answer(to error: ProcessorError) -> ChargeAnswer {
        if case .refused(let code, _) = error, code != "E00040" { return .unknown(reason: error.account) }
        return ChargeAnswer(error)
    }
}
