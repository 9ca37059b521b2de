import Core
import DaemonKit
import Drivers

/// How far calls are granted while PostgreSQL is away.
struct Exposure: Sendable {
    /// What each customer's calls may come to, by this instance.
    let limit: Money
    /// Where all instances' journals lie.
    let journalRoot: String
    /// How long PostgreSQL may take to answer.
    let patience: Duration

    /// The exposure of a configuration; nil where it is zero.
    init?(_ config: Config) {
        limit = config[WalletConfig.exposure]
        guard limit > .zero, let root = config[WalletConfig.journalDirectory] else { return nil }
        journalRoot = root
        patience = .milliseconds(config[WalletConfig.holdPatience])
    }

    /// Where a daemon's switches are answered. What posts the promises runs with it.
    func desk(in context: DaemonContext, cache: BalanceCache) -> HoldDesk {
        let known = KnownHolds()
        let book = HoldBook(
            pool: context.pool, watch: WalletWatch(wallets: { cache.note($0) }, holds: { known.note($0) }))
        let promises = PromiseBook(
            journal: SpoolDirectory(
                path: "\(journalRoot)/\(context.config[DaemonConfig.instance])", maxBytes: PromiseBook.journalBytes),
            exposure: limit, cache: cache, known: known, metrics: context.metrics)
        context.add(
            PromiseDrain(promises: promises, book: book, known: known, root: journalRoot, loop: context.loop))
        return HoldDesk(book: book, promises: promises, patience: patience, logger: context.logger)
    }
}
