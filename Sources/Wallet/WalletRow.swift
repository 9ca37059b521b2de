import Core
import Drivers
import LedgerAudit
import Reference

/// A wallet as its row holds it: the state that Core decides on, and the head of its chain.
struct WalletRow: Sendable {
    let customer: CustomerID
    var state: WalletState
    var chain: LedgerChain
    /// How often the row was written: of two copies the one with the larger number is the later.
    private(set) var version: Int64

    /// Locks the wallets of some customers in the order of their ids (M16), so that two transactions never wait in a circle.
    static func lock(_ customers: [CustomerID], in transaction: PostgresTransaction) throws -> [CustomerID: WalletRow] {
        try read(transaction.query(locking(customers)))
    }

    /// Locks them.
    static func locking(_ customers: [CustomerID]) -> SQL {
        """
        \(columns)
        WHERE w.customer_id = ANY (\(customers.sorted()))
        ORDER BY w.customer_id
        FOR UPDATE OF w
        """
    }

    static func read(_ rows: PostgresRows) throws -> [CustomerID: WalletRow] {
        var wallets: [CustomerID: WalletRow] = [:]
        wallets.reserveCapacity(rows.count)
        for row in rows {
            let wallet = try WalletRow(row)
            wallets[wallet.customer] = wallet
        }
        return wallets
    }

    /// The one wallet that row-level security lets a customer's session see; nil where there is none.
    static func read(in transaction: PostgresTransaction) throws -> WalletRow? {
        try transaction.query(columns).first.map(WalletRow.init)
    }

    /// Wallets as they are, without a lock, in the order of their ids: at most `limit` behind one.
    static func page(after customer: CustomerID, limit: Int, in pool: PostgresPool) async throws -> [WalletRow] {
        try await pool.query("\(columns) WHERE w.customer_id > \(customer) ORDER BY w.customer_id LIMIT \(limit)")
            .map(WalletRow.init)
    }

    private static let columns: SQL = """
        SELECT w.customer_id, w.model, w.balance, w.credit_limit, w.accrued, w.receivable, w.residue,
            w.high_water_mark, w.low_balance_alert_level, w.suspended, w.blocked, w.auto_recharge_enabled,
            w.auto_recharge_threshold, w.auto_recharge_amount, w.auto_recharge_failures, w.recharge_pending,
            w.last_recharge_at, w.chain_length, w.chain_head, w.held, w.version
        FROM billing.wallets AS w
        """

    init(_ row: PostgresRow) throws {
        customer = try row.value("customer_id")
        guard let model = BillingModel(rawValue: try row.value("model")) else {
            throw WalletError.unreadableWallet(customer: customer, column: "model")
        }
        let level: Int? = try row.value("low_balance_alert_level")
        state = WalletState(
            model: model, balance: try row.value("balance"), creditLimit: try row.value("credit_limit"),
            accrued: try row.value("accrued"), receivable: try row.value("receivable"),
            residue: try row.value("residue"),
            held: try row.value("held"), highWaterMark: try row.value("high_water_mark"),
            alertLevel: level.flatMap(BalanceAlert.init), isSuspended: try row.value("suspended"),
            isBlocked: try row.value("blocked"), autoRecharge: try WalletRow.autoRecharge(row))
        chain = LedgerChain(
            customer: customer, length: try row.value("chain_length"), head: try row.value("chain_head") ?? [])
        version = try row.value("version")
    }

    /// The standing order; nil where the customer has none.
    private static func autoRecharge(_ row: PostgresRow) throws -> AutoRecharge? {
        guard let threshold: Money = try row.value("auto_recharge_threshold"),
            let amount: Money = try row.value("auto_recharge_amount")
        else { return nil }
        return AutoRecharge(
            isEnabled: try row.value("auto_recharge_enabled"), threshold: threshold, amount: amount,
            failures: try row.value("auto_recharge_failures"), isPending: try row.value("recharge_pending"),
            lastRequestAt: try row.value("last_recharge_at"))
    }

    /// Writes the new sums of holds of locked wallets, of which nothing else has changed. The statement goes out with the next one, or with COMMIT.
    static func storeHeld(
        _ wallets: [WalletRow], at now: Instant, in transaction: PostgresTransaction
    ) -> [WalletRow] {
        guard !wallets.isEmpty else { return [] }
        transaction.queue(
            """
            UPDATE billing.wallets AS w SET held = n.held, version = w.version + 1, updated_at = \(now)
            FROM unnest(\(wallets.map(\.customer))::uuid[], \(wallets.map(\.state.held))::numeric[]) AS n (customer_id, held)
            WHERE w.customer_id = n.customer_id
            """)
        return wallets.map(\.written)
    }

    /// Writes the new states of locked wallets that usage was posted to: what a top-up or a person changes is left alone.
    static func storeUsage(
        _ wallets: [WalletRow], at now: Instant, in transaction: PostgresTransaction
    ) -> [WalletRow] {
        guard !wallets.isEmpty else { return [] }
        transaction.queue(
            """
            UPDATE billing.wallets AS w
            SET balance = n.balance, accrued = n.accrued, residue = n.residue, held = n.held,
                low_balance_alert_level = nullif(n.alert_level, 0), suspended = n.flags & 1 <> 0, blocked = n.flags & 2 <> 0,
                recharge_pending = n.flags & 4 <> 0, last_recharge_at = n.last_recharge_at, chain_length = n.chain_length,
                chain_head = n.chain_head, version = w.version + 1, updated_at = \(now)
            FROM unnest(
                \(wallets.map(\.customer))::uuid[], \(wallets.map(\.state.balance))::numeric[],
                \(wallets.map(\.state.accrued))::numeric[], \(wallets.map(\.state.residue))::numeric[],
                \(wallets.map(\.state.held))::numeric[],
                \(wallets.map { Int16($0.state.alertLevel?.rawValue ?? 0) })::smallint[],
                \(wallets.map(\.flags))::smallint[], \(wallets.map(\.state.autoRecharge?.lastRequestAt))::timestamptz[],
                \(wallets.map(\.chain.length))::bigint[], \(PostgresBlobs(wallets.map(\.chain.head)))
            ) AS n (customer_id, balance, accrued, residue, held, alert_level, flags, last_recharge_at, chain_length, chain_head)
            WHERE w.customer_id = n.customer_id
            """)
        return wallets.map(\.written)
    }

    /// Suspended 1, blocked 2, recharge pending 4.
    private var flags: Int16 {
        (state.isSuspended ? 1 : 0) | (state.isBlocked ? 2 : 0) | (state.autoRecharge?.isPending == true ? 4 : 0)
    }

    /// Writes the new states of locked wallets, and returns them as they are from the commit on.
    @discardableResult
    static func store(
        _ wallets: [WalletRow], at now: Instant, in transaction: PostgresTransaction
    ) throws -> [WalletRow] {
        guard !wallets.isEmpty else { return [] }
        let orders = wallets.map(\.state.autoRecharge)
        try transaction.execute(
            """
            UPDATE billing.wallets AS w
            SET balance = n.balance, accrued = n.accrued, receivable = n.receivable, residue = n.residue,
                high_water_mark = n.high_water_mark, low_balance_alert_level = n.alert_level, suspended = n.suspended,
                blocked = n.blocked, auto_recharge_enabled = n.recharge_enabled,
                auto_recharge_threshold = n.recharge_threshold, auto_recharge_amount = n.recharge_amount,
                auto_recharge_failures = n.recharge_failures, recharge_pending = n.recharge_pending,
                last_recharge_at = n.last_recharge_at, held = n.held,
                chain_length = n.chain_length, chain_head = n.chain_head, version = w.version + 1,
                updated_at = \(now)
            FROM unnest(
                \(wallets.map(\.customer))::uuid[], \(wallets.map(\.state.balance))::numeric[],
                \(wallets.map(\.state.accrued))::numeric[], \(wallets.map(\.state.receivable))::numeric[],
                \(wallets.map(\.state.residue))::numeric[], \(wallets.map(\.state.highWaterMark))::numeric[],
                \(wallets.map { $0.state.alertLevel.map { Int16($0.rawValue) } })::smallint[],
                \(wallets.map(\.state.isSuspended))::boolean[], \(wallets.map(\.state.isBlocked))::boolean[],
                \(orders.map { $0?.isEnabled ?? false })::boolean[], \(orders.map { $0?.threshold })::numeric[],
                \(orders.map { $0?.amount })::numeric[], \(orders.map { Int16($0?.failures ?? 0) })::smallint[],
                \(orders.map { $0?.isPending ?? false })::boolean[],
                \(orders.map { $0?.lastRequestAt })::timestamptz[], \(wallets.map(\.state.held))::numeric[],
                \(wallets.map(\.chain.length))::bigint[],
                \(wallets.map { $0.chain.head.isEmpty ? nil : $0.chain.head })::bytea[]
            ) AS n (customer_id, balance, accrued, receivable, residue, high_water_mark, alert_level, suspended, blocked,
                recharge_enabled, recharge_threshold, recharge_amount, recharge_failures, recharge_pending,
                last_recharge_at, held, chain_length, chain_head)
            WHERE w.customer_id = n.customer_id
            """)
        return wallets.map(\.written)
    }

    /// As it is from the commit on.
    private var written: WalletRow {
        var written = self
        written.version += 1
        return written
    }
}
