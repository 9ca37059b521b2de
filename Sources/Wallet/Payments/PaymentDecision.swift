import Core
import DaemonKit
import Drivers
import LedgerAudit
import Reference

extension PaymentStore {
    /// Books what a processor said of a payment. Under the locks of its wallet and its row, so that an answer, its webhook and a look-up that come
    /// together credit it once; what is decided already stays as it is.
    func decide(_ id: Identifier128, _ answer: ChargeAnswer, at now: Instant) async throws -> Payment? {
        let decided = try await pool.withTransaction { transaction -> Decided in
            guard let customer = try Self.read(id, in: transaction)?.customer,
                var wallet = try WalletRow.lock([customer], in: transaction)[customer],
                let payment = try Self.read(id, forUpdate: true, in: transaction)
            else { return Decided() }
            guard payment.takes(answer) else { return Decided(payment: payment) }
            var decision = PaymentDecision(payment, wallet: wallet.state, at: now)
            decision.take(answer)
            var ledger = LedgerRows()
            if let credit = decision.credit {
                ledger.add(
                    credit, to: &wallet, reference: LedgerReference(type: "payment", id: payment.id.text),
                    description: payment.purpose.words, at: now)
            } else {
                wallet.state = decision.wallet
            }
            try ledger.insert(in: transaction)
            var fraud = FraudDesk.Outcome()
            if case .declined = answer, decision.payment.state == .failed, payment.purpose != .refund {
                // Rule F5: three in a day stop the wallet.
                fraud = try FraudDesk.paymentFailed(payment.id, wallet: &wallet, at: now, in: transaction)
            }
            let stored = try WalletRow.store([wallet], at: now, in: transaction)
            try Self.store(decision.payment, due: decision.due, at: now, in: transaction)
            _ = try Notifications.wallet.post(
                decision.notices(balance: wallet.state.balance), in: transaction, at: now.milliseconds)
            return Decided(payment: decision.payment, wallets: stored, fraud: fraud)
        }
        watch.wallets(decided.wallets)
        heed(decided.fraud)
        return decided.payment
    }

    /// What a commit has come to.
    private struct Decided: Sendable {
        var payment: Payment?
        var wallets: [WalletRow] = []
        var fraud = FraudDesk.Outcome()
    }
}

extension Payment {
    /// Whether an answer says anything new: what is decided stays, but money that came after all is always credited.
    func takes(_ answer: ChargeAnswer) -> Bool {
        if case .paid = answer, state == .failed, purpose != .refund { return true }
        return !isDecided
    }
}

/// What an answer makes of a payment and its wallet.
struct PaymentDecision {
    private(set) var payment: Payment
    private(set) var wallet: WalletState
    /// The credit to book.
    private(set) var credit: WalletDecision?
    /// When to look again.
    private(set) var due: Instant?
    private var isDisabled = false
    private let now: Instant

    init(_ payment: Payment, wallet: WalletState, at now: Instant) {
        self.payment = payment
        self.wallet = wallet
        self.now = now
    }

    mutating func take(_ answer: ChargeAnswer) {
        switch answer {
        case .paid(let money):
            payment.processorID = money.id
            book()
        case .pending(let money):
            payment.processorID = money.id
            payment.state = .held
            payment.outcome = "held by the processor"
            due = now.advanced(seconds: Self.heldSeconds)
        case .declined(let code, let text): fail("\(code) \(text)")
        case .unknown(let reason):
            payment.state = .unknown
            payment.outcome = reason
            due = now.advanced(seconds: pause)
        case .notSent(let reason):
            guard payment.purpose.isAutomatic, now - payment.createdAt < Self.patience else { return fail(reason) }
            payment.state = .pending
            payment.outcome = reason
            due = now.advanced(seconds: pause)
        }
    }

    /// Credits the money. A balance that cannot take it (rule W10) leaves the payment held: it is tried again, and nothing is lost.
    private mutating func book() {
        do throws(WalletRefusal) {
            switch payment.purpose {
            case .autoRecharge where wallet.autoRecharge?.isPending == true:
                credit = try wallet.rechargePaid(payment.amount)
            case .recharge, .autoRecharge, .opening: credit = try wallet.topUp(payment.amount)
            case .invoice, .wire: credit = try wallet.paid(payment.amount)
            case .refund: break
            }
            payment.state = payment.purpose == .refund ? .refunded : .paid
            payment.outcome = nil
        } catch {
            payment.state = .held
            payment.outcome = error.rawValue
            due = now.advanced(seconds: Self.heldSeconds)
        }
    }

    private mutating func fail(_ outcome: String) {
        payment.state = .failed
        payment.outcome = outcome
        do throws(WalletRefusal) {
            switch payment.purpose {
            case .refund:
                // What was taken for it comes back.
                credit = try wallet.paid(payment.amount)
            case .autoRecharge:
                let failure = try wallet.rechargeFailed()
                wallet = failure.wallet
                isDisabled = failure.flags.contains(.autoRechargeDisabled)
            case .recharge, .invoice, .wire, .opening: break
            }
        } catch {
            payment.outcome = "\(outcome) (\(error.rawValue))"
        }
    }

    /// Doubles from 15 seconds to an hour.
    private var pause: Int { min(15 << min(payment.attempts, 8), 3_600) }
    /// How often a held payment is looked at, where no webhook tells of it.
    private static let heldSeconds = 3_600
    /// For so many milliseconds a charge that nobody waits for is tried, when its processor cannot be reached.
    private static let patience: Int64 = 86_400_000

    /// Who must hear of it.
    func notices(balance: Money) -> [Notice] {
        let (customer, key, amount) = (payment.customer, payment.id.text, payment.amount)
        let isAutomatic = payment.purpose == .autoRecharge
        let isRecharge = isAutomatic || payment.purpose == .recharge
        var notices: [Notice] = []
        switch payment.state {
        case .paid where isRecharge:
            notices.append(
                .rechargeSucceeded(
                    customer: customer, amount: amount, balance: balance, isAutomatic: isAutomatic, key: key))
        case .paid:
            notices.append(
                .paymentSucceeded(
                    customer: customer, amount: amount, method: payment.method.rawValue, invoice: nil, key: key))
        case .failed where isRecharge:
            notices.append(
                .rechargeFailed(
                    customer: customer, amount: amount, reason: payment.outcome ?? "", isAutomatic: isAutomatic,
                    key: key))
        case .failed:
            notices.append(
                .paymentFailed(
                    customer: customer, amount: amount, method: payment.method.rawValue, invoice: nil,
                    reason: payment.outcome ?? "", key: key))
        default: break
        }
        if isDisabled {
            notices.append(
                .autoRechargeDisabled(customer: customer, failures: AutoRecharge.maximumFailures, key: key))
        }
        return notices
    }
}

extension Payment.Purpose {
    /// As a customer reads it in the list of transactions.
    fileprivate var words: String {
        switch self {
        case .opening: "Opening balance"
        case .recharge: "Recharge"
        case .autoRecharge: "Automatic recharge"
        case .invoice: "Payment"
        case .wire: "Wire transfer"
        case .refund: "Refund that was not taken"
        }
    }
}
