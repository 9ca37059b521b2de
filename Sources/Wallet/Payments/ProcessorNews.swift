import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// What processors tell by themselves: webhooks, which are kept and then confirmed by asking, and Plaid's list of events.
struct ProcessorNews: Sendable {
    let desk: PaymentDesk

    /// Where a webhook came from.
    enum Source: String {
        case authorizeNet = "authorize_net"
        case plaid
    }

    private var store: PaymentStore { desk.store }

    /// Keeps a webhook, once.
    func keep(_ body: [UInt8], id: String, from source: Source) async throws {
        try await store.pool.execute(
            """
            INSERT INTO billing.processor_events (source, event_id, received_at, body)
            VALUES (\(source.rawValue), \(id), \(desk.now()), \(String(decoding: body, as: UTF8.self)))
            ON CONFLICT (source, event_id) DO NOTHING
            """)
    }

    /// Takes in kept webhooks of Authorize.Net: each names a transaction, which is asked for and booked if it is one of ours.
    func takeIn() async throws {
        let open = try await store.pool.query(
            """
            SELECT event_id, body FROM billing.processor_events
            WHERE source = 'authorize_net' AND done_at IS NULL ORDER BY received_at LIMIT 200
            """
        ).map { (id: try $0.value("event_id", as: String.self), body: try $0.value("body", as: String.self)) }
        for event in open {
            guard try await takeIn(AuthorizeNetWebhook(parsing: Array(event.body.utf8))) else { continue }
            try await store.pool.execute(
                """
                UPDATE billing.processor_events SET done_at = \(desk.now())
                WHERE source = 'authorize_net' AND event_id = \(event.id)
                """)
        }
    }

    /// Whether the notice is dealt with; one about a payment that nobody could be asked about stays.
    private func takeIn(_ notice: AuthorizeNetWebhook) async throws -> Bool {
        guard let transaction = notice.transactionID, let reference = notice.invoiceNumber,
            reference.hasPrefix("WP"), let sequence = Int64(reference.dropFirst(2)), let cards = desk.cards,
            let payment = try await payment(numbered: sequence)
        else { return true }
        do throws(ProcessorError) {
            guard let details = try await cards.details(transaction) else { return true }
            let answer = details.answer(
                expecting: ExpectedTransaction(
                    type: payment.purpose == .refund ? .refund : .charge, reference: reference,
                    amount: payment.amount))
            return try await book(answer, payment)
        } catch {
            return false
        }
    }

    private func book(_ answer: ChargeAnswer, _ payment: Payment) async throws(ProcessorError) -> Bool {
        // A charge that is being asked for at this moment, and declined, may be tried by its own answer alone.
        switch answer {
        case .unknown, .notSent: return false
        case .paid, .pending, .declined: break
        }
        do {
            _ = try await store.decide(payment.id, answer, at: desk.now())
            return true
        } catch {
            throw .notReached("PostgreSQL: \(FailureFacts(error).reason)")
        }
    }

    private func payment(numbered sequence: Int64) async throws -> Payment? {
        try await store.pool.query(
            "SELECT \(Payment.columns) FROM billing.payments AS p WHERE p.payment_seq = \(sequence)"
        ).first.map(Payment.init)
    }

    /// Plaid is asked for its events where a webhook said so, and every two minutes anyway.
    func syncIfDue() async throws {
        guard desk.banks != nil else { return }
        let now = desk.now()
        let told = try await store.pool.query(
            """
            SELECT event_id FROM billing.processor_events WHERE source = 'plaid' AND done_at IS NULL
            UNION ALL
            SELECT '' WHERE NOT EXISTS (
                SELECT FROM billing.processor_cursors
                WHERE source = 'plaid' AND updated_at > \(now.advanced(seconds: -120))::timestamptz)
            """
        ).map { try $0.value("event_id", as: String.self) }
        guard !told.isEmpty else { return }
        try await sync()
        try await store.pool.withTransaction { transaction in
            try transaction.execute(
                """
                INSERT INTO billing.processor_cursors AS c (source, after_id, updated_at) VALUES ('plaid', 0, \(now))
                ON CONFLICT (source) DO UPDATE SET updated_at = \(now)
                """)
            try transaction.execute(
                """
                UPDATE billing.processor_events SET done_at = \(now)
                WHERE source = 'plaid' AND event_id = ANY (\(told))
                """)
        }
    }

    /// Takes in Plaid's events behind the last one; what they do and how far they were read is one transaction.
    func sync() async throws {
        guard let banks = desk.banks else { return }
        while true {
            let after: Int64 =
                try await store.pool.query(
                    "SELECT after_id FROM billing.processor_cursors WHERE source = 'plaid'"
                ).first?.value("after_id") ?? 0
            let page = try await banks.events(after: after)
            for event in page.events { try await takeIn(event, creditsAt: banks.account.creditsAt) }
            guard page.hasMore else { return }
            Watchdog.progressed()
        }
    }

    private func takeIn(_ event: PlaidEvent, creditsAt: PlaidAccount.CreditPoint) async throws {
        let now = desk.now()
        if case .transfer(let status) = event.kind, let answer = event.answer(status, creditsAt: creditsAt),
            let payment = try await payment(ofTransfer: event.transfer)
        {
            // Booked before the mark moves on: a repeat of it finds the payment decided.
            _ = try await store.decide(payment.id, answer, at: now)
        }
        let wallets = try await store.pool.withTransaction { transaction in
            var wallets: [WalletRow] = []
            if case .transfer(.returned) = event.kind {
                wallets = try store.returned(
                    processorID: event.transfer, code: event.failureCode ?? "RETURNED", text: event.failureText ?? "",
                    at: now, in: transaction)
            }
            try transaction.execute(
                """
                INSERT INTO billing.processor_cursors AS c (source, after_id, updated_at) VALUES ('plaid', \(event.id), \(now))
                ON CONFLICT (source) DO UPDATE SET after_id = greatest(c.after_id, excluded.after_id), updated_at = \(now)
                """)
            return wallets
        }
        store.watch.wallets(wallets)
    }

    /// By the transfer's id, or, where the answer that names it was lost, by its authorization.
    private func payment(ofTransfer id: String) async throws -> Payment? {
        try await store.pool.withTransaction(readOnly: true) { try PaymentStore.find(processorID: id, in: $0) }
    }
}

extension PlaidEvent {
    /// What a transfer's new status says of its charge; nil where it decides nothing.
    fileprivate func answer(_ status: PlaidTransferStatus, creditsAt: PlaidAccount.CreditPoint) -> ChargeAnswer? {
        let payment = ProcessorPayment(id: transfer, lastFour: nil, authCode: nil)
        switch status {
        case .pending, .posted: return nil
        case .settled: return creditsAt == .settled ? .paid(payment) : nil
        case .fundsAvailable: return .paid(payment)
        case .cancelled, .failed, .returned:
            return .declined(code: failureCode ?? status.rawValue.uppercased(), text: failureText ?? "")
        }
    }
}
