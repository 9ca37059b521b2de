package import ArgumentParser
import Core
package import DaemonKit
import Drivers
import Hummingbird
import LiveReference

/// `wallet`: keeps balances, the ledger and holds.
package struct WalletCommand: DaemonProgram {
    package static let configuration = CommandConfiguration(
        commandName: "wallet",
        abstract: "Keeps every customer's balance: debits rated usage once, and answers what is left.",
        discussion: """
            Examples:
              wallet serve --config /etc/warp-billing/wallet.yaml
              wallet check-config
              wallet parked list
              wallet parked retry --all
              wallet notifications list
              wallet reviews list
            """,
        subcommands: [
            ServeCommand<Self>.self, CheckConfigCommand<Self>.self, ParkedCommand.self, PaymentsCommand.self,
            NotificationsCommand.self, ReviewsCommand.self, LimitsCommand.self, FraudCommand.self,
        ])

    package static let daemon = Daemon(
        name: "wallet", role: "warp_wallet", port: 8083, keys: WalletConfig.keys)

    package init() {}

    /// The daemon's parts: usage is posted when the bell rings or the minute is over, invoices are booked, balances are told.
    package static func build(_ context: DaemonContext) throws { _ = try assemble(context) }

    /// As `build`; returns where calls are authorised, for whoever asks within this process.
    package static func assemble(_ context: DaemonContext) throws -> CallDesk {
        let clock = context.clock
        let now: @Sendable () -> Instant = { Instant(milliseconds: clock.now()) }
        let cache = BalanceCache.add(to: context)
        let store = WalletStore(
            pool: context.pool, rechargesPerDay: context.config[PaymentConfig.perDay], watch: cache.watch)
        let questions = QuestionClock()
        let debits = UsageDebits(
            store: store, batchSize: context.config[WalletConfig.postingBatchSize], questions: questions,
            loop: context.loop, now: now)
        let receivables = Receivables(pool: context.pool, now: now, logger: context.logger, watch: cache.watch)
        let opener = WalletOpener(store: store, now: now, logger: context.logger)

        _ = context.partitions(of: ["usage_postings"], daysBack: 2)
        context.sweep("rated", kind: "rated", doorbell: (StreamName.ratedUsage.rawValue, StreamGroup.wallet.rawValue)) {
            try await debits.post(upTo: $0)
        }
        context.sweep("invoices", kind: "invoices") { try await receivables.sweep(upTo: $0) }
        context.schedule("open-wallets", .every(seconds: context.config[WalletConfig.openWalletsInterval])) {
            try await opener.open()
        }
        let calls = addHolds(to: context, questions, cache: cache, now: now)
        let payments = PaymentStore(pool: context.pool, watch: cache.watch) { [loop = context.loop] in
            $0.report(to: loop)
        }
        let desk = try addPayments(to: context, payments, now: now)
        if let directory = context.config[WalletConfig.sealDirectory] {
            let sealing = LedgerSealing(pool: context.pool, directory: directory, now: now, logger: context.logger)
            context.schedule("seal-ledger", .every(seconds: 600)) { try await sealing.seal() }
        }
        try context.sendNotifications(.wallet) { try NoticeTexts.text(of: $0) }
        addCustomerRoutes(
            to: context, desk, StandingOrders(pool: context.pool, watch: cache.watch),
            CustomerReads(pool: context.customerPool))
        return calls
    }

    /// Routes for customers and those who act for them; no number of a card comes further than this.
    private static func addCustomerRoutes(
        to context: DaemonContext, _ desk: PaymentDesk, _ orders: StandingOrders, _ reads: CustomerReads
    ) {
        let customers = context.router.group("/api/v1/billing")
            .add(middleware: context.auth.requiring(.customer, .operator, .service))
            .add(middleware: CardNumberFilter())
        let repeats = context.idempotentRequests(table: "billing.wallet_idempotency")
        WalletRoutes(reads: reads).add(to: customers)
        AutoRechargeRoutes(orders: orders, now: desk.now).add(to: customers.group().add(middleware: repeats))
        RechargeRoutes(desk: desk, reads: reads).add(
            to: customers.group().add(middleware: repeats.leased(seconds: RechargeRoutes.leaseSeconds)))
        PaymentMethodRoutes(desk: desk).add(
            to: customers, behind: repeats.leased(seconds: PaymentMethodRoutes.leaseSeconds(context.config)))
    }

    /// Payments: charges that are due, what processors tell, and their fees.
    private static func addPayments(
        to context: DaemonContext, _ store: PaymentStore, now: @escaping @Sendable () -> Instant
    ) throws -> PaymentDesk {
        let config = context.config
        let account = PaymentConfig.bankAccount(config)
        let desk = PaymentDesk(
            store: store, methods: PaymentMethods(pool: context.pool), cards: PaymentConfig.cards(config),
            banks: account.map(Plaid.init), vault: try config[PaymentConfig.vaultKey].map(TokenVault.init), now: now,
            logger: context.logger)
        let news = ProcessorNews(desk: desk)
        let interval = Schedule.every(seconds: config[PaymentConfig.interval])
        context.schedule("carry-out-payments", interval) { try await desk.sweep() }
        context.schedule("read-card-webhooks", interval) { try await news.takeIn() }
        context.schedule("read-bank-events", interval) { try await news.syncIfDue() }
        let logger = context.logger
        context.schedule(
            "settle-fees", config[PaymentConfig.feeTime], first: .due(after: { try await store.lastFees(or: now()) })
        ) {
            let count = try await store.settleFees(at: now())
            logger.notice("Processor fees booked", metadata: ["payment.count": "\(count)"])
        }
        WebhookRoutes(
            news: news, cardKey: config[PaymentConfig.cardWebhookKey],
            bankWebhooks: account.map { PlaidWebhooks(account: $0) }
        )
        .add(to: context.router.group("/webhooks/v1"))
        return desk
    }

    /// Holds: asked for by switches, released when their time is over.
    private static func addHolds(
        to context: DaemonContext, _ questions: QuestionClock, cache: BalanceCache,
        now: @escaping @Sendable () -> Instant
    ) -> CallDesk {
        let config = context.config
        let desk = Exposure(config)?.desk(in: context, cache: cache)
        let book = desk?.book ?? HoldBook(pool: context.pool, watch: cache.watch)
        let limits = GroupCommitLimits(batchCount: config[WalletConfig.holdBatchSize], lanes: 1)
        // A lane for each share of the customers: two transactions seldom wait for the same wallet.
        let lanes = (1...config[WalletConfig.holdLanes]).map { number in
            context.groupCommit("holds-\(number)", limits: limits) { orders in
                if let desk { return try await desk.settle(orders, at: now()) }
                return try await book.settle(orders, at: now())
            }
        }
        let calls = CallDesk(reference: context.liveReference(), clock: context.clock) { order in
            questions.note()
            return try await lanes[order.share(of: lanes.count)].submit(order)
        }
        AuthorizationRoutes(desk: calls).add(
            to: context.router.group("/internal/v1").add(
                middleware: context.auth.requiring(.service, .operator)))
        let logger = context.logger
        let kept = config[WalletConfig.holdKeptDays] * 86_400
        context.schedule("expire-holds", .every(seconds: config[WalletConfig.holdExpiryInterval])) {
            for row in try await book.expire(at: now()) {
                logger.error(
                    "Hold of an ended call was never captured: its usage record has not come",
                    metadata: [
                        "hold.id": "\(row.hold.id)", "customer.id": "\(row.customer.text)",
                        "hold.amount": "\(row.hold.amount.text(.ledger))",
                        "failure.reason": "\(WalletFlag.holdUncaptured.rawValue)",
                    ])
            }
            try await book.forget(before: now().advanced(seconds: -kept))
        }
        return calls
    }
}
