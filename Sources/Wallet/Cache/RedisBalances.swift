import Core
import Drivers

/// The balances in Redis: `<prefix>balance:<BAN>` holds the JSON of a `CachedBalance` and expires by itself.
struct RedisBalances: Sendable {
    let connection: RedisConnection
    let prefix: String
    /// After so many seconds without a write a key is gone, so that nobody reads what nobody renews.
    let expirySeconds: Int

    /// Keys that one run of the script writes: Redis does nothing else meanwhile.
    static let keysPerRun = 100

    /// Where an account's balance lies.
    func key(_ account: BAN) -> String { prefix + "balance:" + account.text }

    /// What came of a write.
    struct Written: Sendable, Hashable {
        var written = 0
        /// A later copy was there already.
        var stale = 0
    }

    /// Writes balances, in one round trip. A later copy of the same wallet stays, whoever wrote it.
    func write(_ balances: [(account: BAN, balance: CachedBalance)]) async throws(RedisError) -> Written {
        var commands: [[RedisArgument]] = []
        for start in stride(from: 0, to: balances.count, by: RedisBalances.keysPerRun) {
            let run = balances[start..<min(start + RedisBalances.keysPerRun, balances.count)]
            commands.append(
                ["EVAL", RedisArgument(RedisBalances.script), RedisArgument(run.count)]
                    + run.map { RedisArgument(key($0.account)) } + [RedisArgument(expirySeconds)]
                    + run.map { RedisArgument($0.balance.json) })
        }
        var outcome = Written()
        for reply in try await connection.pipeline(commands) {
            if case .failure(let error) = reply { throw error }
            guard let written = reply.integer else { throw .unexpectedReply("EVAL") }
            outcome.written += Int(written)
        }
        outcome.stale = balances.count - outcome.written
        return outcome
    }

    /// An account's balance as Redis has it; nil where it has none.
    func read(_ account: BAN) async throws -> CachedBalance? {
        guard let bytes = try await connection.command(["GET", RedisArgument(key(account))]).bytes else { return nil }
        return try CachedBalance(json: bytes)
    }

    /// Sets each key unless it has a later version of the same wallet; an account may have moved to another customer. Returns how many it set.
    private static let script = """
        local pattern = '^{"customer_id":"([%x-]+)","version":(%d+),'
        local written = 0
        for place, key in ipairs(KEYS) do
            local value = ARGV[place + 1]
            local customer, version = string.match(value, pattern)
            local known, known_version
            local there = redis.call('GET', key)
            if there then known, known_version = string.match(there, pattern) end
            if known ~= customer or tonumber(known_version) <= tonumber(version) then
                redis.call('SET', key, value, 'EX', ARGV[1])
                written = written + 1
            end
        end
        return written
        """
}
