import ArgumentParser
import Core
import DaemonKit
import Drivers

/// `vendor-recon`: what vendors say against what we saw.
@main
struct VendorReconCommand: DaemonProgram {
    static let configuration = CommandConfiguration(
        commandName: "vendor-recon",
        abstract: "Imports vendors' statements, matches them with our records, opens disputes, grades vendors.",
        discussion: """
            Examples:
              vendor-recon vendors load vendors.json
              vendor-recon import telnyx-2026-11-22.csv --vendor telnyx --invoice-date 2026-11-23
              vendor-recon reconcile --vendor telnyx --day 2026-11-22
              vendor-recon scorecards --day 2026-11-22
            """,
        subcommands: [
            ServeCommand<Self>.self, CheckConfigCommand<Self>.self, VendorsCommand.self, ImportCommand.self,
            ReconcileCommand.self,
            DisputesCommand.self, ScorecardsCommand.self,
        ])

    static let daemon = Daemon(
        name: "vendor-recon", role: "warp_recon", port: 8085, keys: VendorReconConfig.keys, usesRedis: false,
        isSingle: true)

    /// The daemon's parts: partitions, the watched directory, the morning's run, and what finance reads.
    static func build(_ context: DaemonContext) {
        let desk = Recon(context)
        _ = context.partitions(of: ["vendor_statement_cdr"], daysBack: 35)
        if let directory = context.config[VendorReconConfig.statementsDirectory] {
            let folder = StatementFolder(directory: directory, importer: desk.importer, logger: context.logger)
            context.schedule("statements", .every(seconds: context.config[VendorReconConfig.statementsInterval])) {
                try await folder.look()
            }
        }
        let clock = context.clock
        context.schedule("reconciliation", context.config[VendorReconConfig.schedule]) {
            try await desk.reconciliation.runOpenDays()
            let yesterday = Instant(milliseconds: clock.now()).usageDay.advanced(days: -1)
            _ = try await desk.scorecards.make(day: yesterday)
        }
        VendorRoutes(disputes: desk.disputes, pool: context.pool).add(
            to: context.router.group("/api/v1/recon").add(middleware: context.auth.requiring(.operator)))
    }
}

/// The parts of the daemon, wired once for `serve` and for the commands.
struct Recon: Sendable {
    let vendors: VendorStore
    let disputes: DisputeStore
    let importer: StatementImport
    let reconciliation: ReconciliationRun
    let scorecards: Scorecards

    init(_ context: DaemonContext) {
        let clock = context.clock
        let now: @Sendable () -> Instant = { Instant(milliseconds: clock.now()) }
        vendors = VendorStore(pool: context.pool)
        disputes = DisputeStore(pool: context.pool)
        importer = StatementImport(
            store: StatementStore(pool: context.pool), vendors: vendors,
            formatsDirectory: context.config[VendorReconConfig.formatsDirectory], now: now)
        reconciliation = ReconciliationRun(
            matches: MatchStore(pool: context.pool), desk: DisputeDesk(store: disputes, loop: context.loop),
            loop: context.loop, now: now)
        scorecards = Scorecards(pool: context.pool, now: now)
    }
}
