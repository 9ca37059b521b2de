import Core

/// What is left in a wallet, as routing reads it from Redis and as calls are granted while PostgreSQL is away. Never the authority: a copy.
struct CachedBalance: Sendable, Hashable {
    let customer: CustomerID
    /// The wallet's `version`: of two copies the one with the larger number is the later.
    let version: Int64
    /// Four decimals; nil where nothing limits it.
    let available: Money?
    /// Four decimals.
    let balance: Money
    /// Overdrawn, or stopped by hand or fraud control.
    let isSuspended: Bool
    /// When the wallet was known to be so.
    let at: Instant

    /// Whether a call may begin: not suspended, and something is left.
    var isOpen: Bool {
        guard !isSuspended else { return false }
        return available.map { $0 > .zero } ?? true
    }

    /// The value in Redis: one JSON object without white space. Its first two fields stand where the script that compares versions looks for them.
    var json: [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.field("customer_id", customer.text)
            json.field("version", version)
            json.field("open", isOpen)
            json.field("suspended", isSuspended)
            json.field("available", available?.text(.ledger))
            json.field("balance", balance.text(.ledger))
            json.field("at", at.text)
        }
        return json.bytes
    }
}

extension CachedBalance {
    init(_ wallet: WalletRow, at now: Instant) {
        customer = wallet.customer
        version = wallet.version
        available = wallet.state.available
        balance = wallet.state.balance
        isSuspended = wallet.state.isSuspended || wallet.state.isBlocked
        at = now
    }

    /// A balance from its value; nil for what is none.
    init?(json: [UInt8]) throws {
        let value = try Core.JSONValue(parsing: json)
        guard let customer = value["customer_id"]?.string.flatMap({ CustomerID(parsing: $0) }),
            let version = value["version"]?.integer, let isSuspended = value["suspended"]?.bool,
            let balance = value["balance"]?.string, let at = value["at"]?.string.flatMap({ Instant(parsing: $0) })
        else { return nil }
        self.customer = customer
        self.version = Int64(version)
        self.isSuspended = isSuspended
        self.balance = try Money(parsing: balance)
        self.at = at
        available = try value["available"]?.string.map { try Money(parsing: $0) }
    }
}
