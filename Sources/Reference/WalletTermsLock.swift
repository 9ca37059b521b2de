public import Drivers

/// The lock between who sets what a wallet starts with and who makes the wallet: neither works on terms that the other is about
/// to change. Held until the transaction ends; makers share it.
public enum WalletTermsLock {
    private static let key = "wallet:terms"

    /// For who changes terms: no wallet is made meanwhile.
    public static func lock(in transaction: PostgresTransaction) throws(PostgresError) {
        try transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(key), 0))")
    }

    /// For who makes wallets: no terms change meanwhile.
    public static func share(in transaction: PostgresTransaction) throws(PostgresError) {
        try transaction.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(\(key), 0))")
    }
}
