import Core
import DaemonKit
import Drivers
import LedgerAudit
import Logging

/// Writes the daily seal over the heads of all chains (M17) into a directory outside the database. Instances that share the directory take turns;
/// each day's seal is written once.
struct LedgerSealing: Sendable {
    let pool: PostgresPool
    let directory: String
    let now: @Sendable () -> Instant
    let logger: Logger

    /// Seals what stands now, unless the day has its seal.
    func seal() async throws {
        let at = now()
        guard let seal = try await write(at: at) else { return }
        logger.notice(
            "Ledger sealed",
            metadata: [
                "seal.name": "\(seal.name)", "seal.hash": "\(seal.hash)", "wallet.count": "\(seal.chains.count)",
            ])
    }

    private func write(at now: Instant) async throws -> LedgerSeal? {
        let last = try LedgerSeal.names(in: directory).last
        guard last?.hasPrefix(now.usageDay.text) != true else { return nil }
        let heads = try await LedgerSeal.heads(from: pool)
        // Under the file's lock, so that no two seals follow the same one.
        guard let lock = try FileLock(path: "\(directory)/lock") else { return nil }
        defer { withExtendedLifetime(lock) {} }
        let before = try LedgerSeal.names(in: directory).last
        guard before?.hasPrefix(now.usageDay.text) != true else { return nil }
        let previous = try before.map { name in
            guard let seal = try LedgerSeal.read(name, in: directory) else {
                throw WalletError.changedSeal(file: "\(directory)/\(name)")
            }
            return seal
        }
        let seal = LedgerSeal(heads, at: now, after: previous)
        try DurableFile.write(seal.bytes, to: "\(directory)/\(seal.name)")
        return seal
    }
}
