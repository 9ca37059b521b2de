import ArgumentParser
import Core
import DaemonKit
import Foundation

/// `biller`: invoices and NetSuite.
@main
struct BillerCommand: DaemonProgram {
    static let configuration = CommandConfiguration(
        commandName: "biller",
        abstract: "Closes billing cycles: usage becomes invoices with taxes, and invoices go to NetSuite.",
        discussion: """
            Examples:
              biller customers load customers.json
              biller customers set BAN100001 payment_terms=NET_60
              biller taxes load taxes.json
              biller run-cycle --date 2026-12-01
              biller preview --customer BAN100001
              biller invoices show WB-000001
            """,
        subcommands: [
            ServeCommand<Self>.self, CheckConfigCommand<Self>.self, CustomersCommand.self, TaxesCommand.self,
            RunCycleCommand.self,
            PreviewCommand.self, InvoicesCommand.self,
        ])

    static let daemon = Daemon(
        name: "biller", role: "warp_biller", port: 8084, keys: BillerConfig.keys, isSingle: true)

    /// The daemon's parts: cycles are closed on schedule, exports tried again, customer-days kept, questions answered.
    static func build(_ context: DaemonContext) throws {
        let biller = try BillerServices(context)
        // One request may take as long as it may, and a run is not stuck for that.
        let limit = Duration.seconds(600 + context.config[BillerConfig.netSuiteTimeout])
        let hours = BillingHours(pool: context.pool, now: biller.now)
        // Not at once: a restart between a period's end and the hour of billing must not close the period early.
        context.schedule(
            "billing", context.config[BillerConfig.billingSchedule], first: .due(after: hours.last), limit: limit
        ) {
            let began = biller.now()
            _ = try await biller.runCycle(waiting: .seconds(300))
            try await hours.keep(began)
        }
        context.schedule(
            "netsuite", .every(seconds: context.config[BillerConfig.netSuiteRetryInterval]), limit: limit
        ) {
            let label = NetSuiteSync.label(at: biller.now(), run: .random())
            try await biller.finish(label: label)
        }
        let days = CustomerDays(
            pool: context.pool, batchSize: context.config[BillerConfig.summaryBatchSize], now: biller.now)
        context.sweep("rated", kind: "rated", doorbell: (StreamName.ratedUsage.rawValue, StreamGroup.biller.rawValue)) {
            try await days.add(upTo: $0)
        }
        let reads = CustomerReads(pool: context.customerPool)
        let group = context.router.group("/api/v1/billing").add(
            middleware: context.auth.requiring(.customer, .operator, .service))
        InvoiceRoutes(reads: reads, page: try InvoicePage()).add(to: group)
        UsageRoutes(reads: reads, now: biller.now).add(to: group)
    }

    /// Who runs a command, for the audit trail.
    static var actor: String { "operator:\(ProcessInfo.processInfo.userName)" }
}
