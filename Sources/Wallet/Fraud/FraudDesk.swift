import Core
import DaemonKit
import Drivers
import Reference

/// Fraud control of one transaction (M19, rules F1–F8): it is shown what customers did, and says at the end what that fires.
///
/// Whoever calls holds the locks of the customers' wallets. So a customer's events are seen by one transaction at a time, whichever instance it
/// belongs to.
struct FraudDesk: Sendable {
    private var sightings: [CustomerID: [FraudSighting]] = [:]

    /// What came of the events.
    struct Outcome: Sendable {
        /// Checks that fired and had not before at that moment.
        var reviews: [FraudReview] = []
        /// Customers whose wallets were stopped; the wallets are to be stored.
        var blocked: [CustomerID] = []
        var notices: [Notice] = []
        /// Customers whose windows or limits could not be read.
        var unreadable: [CustomerID] = []
    }

    /// A charge that was posted. Corrections are not seen (rule W13).
    mutating func see(_ charge: RatedCharge) {
        guard let customer = charge.customer, charge.corrects == nil else { return }
        let (id, sequence) = (charge.id.value, charge.sequence)
        if let call = charge.call {
            see(customer, FraudSighting(record: id, sequence: sequence, at: call.startedAt, .callStart(call.country)))
        }
        let seconds = charge.call?.internationalSeconds
        see(
            customer,
            FraudSighting(record: id, sequence: sequence, at: charge.endedAt, .charge(charge.charge, seconds)))
    }

    /// A call that nobody answered.
    mutating func see(_ call: UnansweredCall) {
        see(
            call.customer,
            FraudSighting(
                record: call.id.value, sequence: call.sequence, at: call.startedAt, .unansweredStart(call.country)))
    }

    /// A payment that a processor refused.
    mutating func see(failedPayment id: Identifier128, of customer: CustomerID, at: Instant) {
        see(customer, FraudSighting(record: id, sequence: 0, at: at, .paymentFailed))
    }

    private mutating func see(_ customer: CustomerID, _ sighting: FraudSighting) {
        sightings[customer, default: []].append(sighting)
    }

    /// Takes everything that was seen into the customers' windows, writes what fired, and stops the wallets of fresh events that ask for it.
    /// - Parameter records: those of all customers that were seen, read behind the locks of their wallets.
    func judge(
        _ wallets: inout [CustomerID: WalletRow], _ records: [FraudRecord], at now: Instant,
        in transaction: PostgresTransaction
    ) throws -> Outcome {
        var outcome = Outcome()
        var changed: [FraudRecord] = []
        var fired: [FiredCheck] = []
        for var record in records {
            guard let wallet = wallets[record.customer], let seen = sightings[record.customer] else { continue }
            if record.isUnreadable { outcome.unreadable.append(record.customer) }
            let mark = wallet.state.model == .prepaid ? wallet.state.highWaterMark ?? .zero : nil
            fired += record.take(seen, highWaterMark: mark)
            if record.isChanged { changed.append(record) }
        }
        FraudRecord.store(changed, at: now, in: transaction)
        outcome.reviews = try FraudReview.raise(fired, at: now, in: transaction)
        for review in outcome.reviews { outcome.act(on: review, &wallets) }
        return outcome
    }

    /// Shows the desk one refused payment of a locked wallet and tells whoever wants to know. Returns whether the wallet was stopped, and so
    /// is to be stored.
    static func paymentFailed(
        _ id: Identifier128, wallet: inout WalletRow, at now: Instant, in transaction: PostgresTransaction
    ) throws -> Outcome {
        var desk = FraudDesk()
        desk.see(failedPayment: id, of: wallet.customer, at: now)
        var wallets = [wallet.customer: wallet]
        let records = try FraudRecord.read(transaction.query(FraudRecord.reading([wallet.customer])))
        let outcome = try desk.judge(&wallets, records, at: now, in: transaction)
        wallet = wallets[wallet.customer] ?? wallet
        try Notifications.wallet.post(outcome.notices, in: transaction, at: now.milliseconds)
        return outcome
    }
}

extension FraudDesk.Outcome {
    /// Counts what fired and logs what it led to.
    func report(to loop: Loop) {
        for review in reviews {
            loop.metrics.increment(.walletFraudAlerts, by: 1, review.check.rawValue)
            loop.logger.notice(
                "Fraud check fired",
                metadata: [
                    "review.id": "\(review.id.text)", "customer.id": "\(review.customer)",
                    "fraud.check": "\(review.check.rawValue)", "fraud.value": "\(review.value.text)",
                    "fraud.actions": "\(review.actions.map(\.rawValue).joined(separator: " "))",
                ])
        }
        for customer in blocked {
            loop.logger.notice("Wallet suspended: fraud control", metadata: ["customer.id": "\(customer)"])
        }
        for customer in unreadable {
            loop.logger.error(
                "Fraud windows or limits could not be read: empty ones, or everybody's, take their place",
                metadata: ["customer.id": "\(customer)"])
        }
    }

    /// Does what a new review asks for.
    fileprivate mutating func act(on review: FraudReview, _ wallets: inout [CustomerID: WalletRow]) {
        if !review.actions.isEmpty {
            notices.append(
                .fraudAlert(
                    customer: review.customer, check: review.check, value: review.value, firedAt: review.firedAt,
                    actions: review.actions, key: review.id.text))
        }
        guard review.actions.contains(.suspendService), let wallet = wallets[review.customer],
            !wallet.state.isBlocked
        else { return }
        wallets[review.customer]?.state.isBlocked = true
        blocked.append(review.customer)
        notices.append(
            .walletSuspended(
                customer: review.customer, cause: .fraudControl, balance: wallet.state.balance, key: review.id.text))
    }
}

/// Something that a customer did, and the record that tells of it.
struct FraudSighting: Sendable {
    /// What fraud control makes of it.
    enum Kind: Sendable {
        /// A call that was answered, to a country if it is an international one.
        case callStart(String?)
        /// A call that was not answered: no posting tells whether it was seen.
        case unansweredStart(String?)
        /// With the billed seconds of an international call.
        case charge(Money, Int?)
        case paymentFailed
    }

    let record: Identifier128
    /// Its `rated_seq`; 0 for a payment.
    let sequence: Int64
    let at: Instant
    let kind: Kind

    init(record: Identifier128, sequence: Int64, at: Instant, _ kind: Kind) {
        self.record = record
        self.sequence = sequence
        self.at = at
        self.kind = kind
    }

    /// As the rules see it. The high-water mark is that of a prepaid customer.
    func event(highWaterMark: Money?) -> FraudEvent {
        switch kind {
        case .callStart(let country), .unansweredStart(let country): FraudEvent(at: at, .callStart(country: country))
        case .charge(let amount, let seconds):
            FraudEvent(
                at: at,
                .charge(
                    amount, billedSeconds: seconds ?? 0, isInternational: seconds != nil, highWaterMark: highWaterMark))
        case .paymentFailed: FraudEvent(at: at, .paymentFailed)
        }
    }

    /// Whether it was taken in before, by the highest number of the customer that was.
    func isRepeat(through sequence: Int64) -> Bool {
        guard case .unansweredStart = kind else { return false }
        return self.sequence <= sequence
    }

    /// The order in which events are fed: time, number, and the start of a call before its charge.
    static func precedes(_ left: FraudSighting, _ right: FraudSighting) -> Bool {
        (left.at.milliseconds, left.sequence, left.rank) < (right.at.milliseconds, right.sequence, right.rank)
    }

    private var rank: Int {
        switch kind {
        case .callStart, .unansweredStart: 0
        case .charge: 1
        case .paymentFailed: 2
        }
    }
}
