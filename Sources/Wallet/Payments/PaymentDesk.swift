import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Asks processors for the payments that were taken up, and books what they say. A payment that was taken up before is looked for first: nothing is charged
/// again while anybody may have charged it.
struct PaymentDesk: Sendable {
    let store: PaymentStore
    let methods: PaymentMethods
    let cards: AuthorizeNet?
    let banks: Plaid?
    let vault: TokenVault?
    let now: @Sendable () -> Instant
    let logger: Logger

    /// Authorize.Net knows a repeat for eight hours (`duplicateWindow`); some of it is left for a request on its way.
    private static let repeatable: Int64 = 7 * 3_600_000
    /// Plaid's authorization ends after an hour.
    private static let authorized: Int64 = 50 * 60_000

    /// Begins a charge and carries it out at once; returns it as it stands then.
    func carryOut(_ order: ChargeOrder) async throws -> Payment {
        let begun = try await store.begin(order, at: now())
        guard !begun.isDecided else { return begun }
        guard let taken = try await store.takeUp(only: begun.id, at: now()).first else { return begun }
        return try await process(taken)
    }

    /// Carries out what is due, until nothing is.
    func sweep() async throws {
        while true {
            let due = try await store.takeUp(at: now())
            guard !due.isEmpty else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for payment in due { group.addTask { _ = try await process(payment) } }
                try await group.waitForAll()
            }
            Watchdog.progressed()
        }
    }

    /// Asks about one payment that was taken up, and books the answer.
    func process(_ payment: Payment) async throws -> Payment {
        let answer = try await ask(payment)
        let decided = try await store.decide(payment.id, answer, at: now()) ?? payment
        logger.notice(
            "Payment \(decided.state.rawValue)",
            metadata: [
                "payment.id": "\(payment.id.text)", "customer.id": "\(payment.customer.text)",
                "payment.outcome": "\(decided.outcome ?? "")",
            ])
        return decided
    }

    private func ask(_ payment: Payment) async throws -> ChargeAnswer {
        if payment.purpose == .refund { return try await refund(payment) }
        guard let id = payment.paymentMethod, let method = try await methods.read(id) else {
            return .declined(code: "NO_PAYMENT_METHOD", text: "the payment method is gone")
        }
        switch payment.method {
        case .card: return await chargeCard(payment, method)
        case .ach: return try await debitBank(payment, method)
        case .wire, .opening: return .notSent(reason: "nobody is asked for a \(payment.method.rawValue)")
        }
    }

    private func chargeCard(_ payment: Payment, _ method: PaymentMethod) async -> ChargeAnswer {
        guard let cards else { return .notSent(reason: "processor-not-configured") }
        if let held = payment.processorID { return await look(at: held, payment, cards) }
        guard let token = method.token, let profile = method.account else {
            return .declined(code: "NO_PAYMENT_METHOD", text: "the card was removed")
        }
        let charge = CardCharge(
            reference: payment.invoiceNumber, amount: payment.amount, customerProfile: profile,
            paymentProfile: token, description: "WARP Billing \(payment.purpose.rawValue)")
        guard payment.attempts > 1 else { return await cards.charge(charge) }
        if let found = await cards.find(charge) { return found }
        guard let sentAt = payment.sentAt, now() - sentAt < Self.repeatable else {
            return .declined(code: "NEVER_REACHED", text: "the processor has no charge of that name")
        }
        return await cards.charge(charge)
    }

    /// A charge that the processor holds: asked by its id.
    private func look(at id: String, _ payment: Payment, _ cards: AuthorizeNet) async -> ChargeAnswer {
        do throws(ProcessorError) {
            guard let details = try await cards.details(id) else {
                return .unknown(reason: "the processor does not know transaction \(id)")
            }
            return details.answer(
                expecting: ExpectedTransaction(
                    type: payment.purpose == .refund ? .refund : .charge, reference: payment.invoiceNumber,
                    amount: payment.amount))
        } catch {
            return .unknown(reason: error.account)
        }
    }

    private func debitBank(_ payment: Payment, _ method: PaymentMethod) async throws -> ChargeAnswer {
        guard let banks, let vault else { return .notSent(reason: "processor-not-configured") }
        guard let account = method.account, let sealed = method.token else {
            return .declined(code: "NO_PAYMENT_METHOD", text: "the account was removed")
        }
        let charge = PlaidCharge(
            key: payment.id.text, amount: payment.amount,
            accessToken: try vault.open(sealed, for: method.id.text), account: account,
            legalName: method.holder ?? "", metadata: ["payment_id": payment.id.text])
        if payment.attempts > 1 {
            let authorization = try await store.authorization(of: payment)
            if let found = await banks.find(charge, authorization: authorization, since: payment.createdAt) {
                return found
            }
            guard let sentAt = payment.sentAt, now() - sentAt < Self.authorized else {
                return .declined(code: "NEVER_REACHED", text: "the processor has no transfer of that name")
            }
        }
        switch await banks.authorize(charge) {
        case .approved(let id, _):
            try await store.note(authorization: id, of: payment, at: now())
            return await banks.transfer(charge, authorization: id, description: "WARP")
        case .declined(let code, let text): return .declined(code: code, text: text)
        case .userActionRequired:
            try await methods.wantLogin(method.id)
            return .declined(code: "LOGIN_REQUIRED", text: "the customer must log in to the bank again")
        case .unknown(let reason): return .unknown(reason: reason)
        case .notSent(let reason): return .notSent(reason: reason)
        }
    }

    /// The customer profile of a card, removed or not.
    private func profile(of method: Identifier128) async throws(ProcessorError) -> String? {
        do {
            return try await methods.read(method)?.account
        } catch {
            throw .notReached("PostgreSQL: \(FailureFacts(error).reason)")
        }
    }

    /// Gives a payment back: a card's charge that is not settled yet is voided where all of it goes back.
    private func refund(_ payment: Payment) async throws -> ChargeAnswer {
        guard let of = payment.refundOf, let paid = try await store.read(of), let transaction = paid.processorID else {
            return .declined(code: "NOTHING_TO_REFUND", text: "the payment has no charge at a processor")
        }
        if paid.method == .ach {
            guard let banks else { return .notSent(reason: "processor-not-configured") }
            return await banks.refund(transfer: transaction, amount: payment.amount, key: payment.id.text)
        }
        guard let cards else { return .notSent(reason: "processor-not-configured") }
        if let own = payment.processorID { return await look(at: own, payment, cards) }
        do throws(ProcessorError) {
            guard let details = try await cards.details(transaction) else {
                return .declined(code: "NOTHING_TO_REFUND", text: "the processor does not know the charge")
            }
            if details.status == "voided" {
                return .paid(ProcessorPayment(id: "void:\(transaction)", lastFour: nil, authCode: nil))
            }
            guard details.isSettled else {
                guard payment.amount == paid.amount else {
                    return .notSent(reason: "NOT_SETTLED: a part can be given back once the charge is settled")
                }
                return await cards.void(transaction, reference: payment.invoiceNumber).renamed("void:\(transaction)")
            }
            if payment.attempts > 1, let method = payment.paymentMethod,
                let profile = try await profile(of: method)
            {
                let expected = ExpectedTransaction(
                    type: .refund, reference: payment.invoiceNumber, amount: payment.amount)
                if let found = try await cards.found(expected, ofCustomer: profile) { return found }
            }
            return await cards.refund(
                transaction, amount: payment.amount, lastFour: details.payment.lastFour ?? "",
                reference: payment.invoiceNumber)
        } catch {
            return ChargeAnswer(error)
        }
    }
}

extension ChargeAnswer {
    /// The same under an id of ours: a void has its charge's.
    fileprivate func renamed(_ id: String) -> ChargeAnswer {
        guard case .paid(let payment) = self else { return self }
        return .paid(ProcessorPayment(id: id, lastFour: payment.lastFour, authCode: payment.authCode))
    }
}
