import ArgumentParser
import DaemonKit
import Drivers
import LedgerAudit

/// `billingctl export-ledger`: the ledger as files, from one moment.
struct ExportLedger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes the whole ledger into files, as it is at one moment.",
        discussion: """
            Four files of CSV: wallets, postings, transactions, journal. They are all that verify-ledger needs.

            Example:
              billingctl export-ledger --to /var/backups/ledger
            """)

    @OptionGroup var options: DatabaseOptions
    @Option(help: "The directory for the files; it is made where it is missing.")
    var to: String

    func run() async throws {
        let rows = try await options.withPool(statementTimeout: .seconds(86_400)) { pool in
            try await LedgerExport(pool: pool).write(to: to) { file, rows in
                if rows % 500_000 == 0 { print("\(file): \(rows) rows") }
            }
        }
        print("\(rows) rows in \(to)")
    }
}

/// `billingctl verify-ledger`: proves an export, and names the first row that does not fit.
struct VerifyLedger: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Proves an export of the ledger against itself and the daily seals.",
        discussion: """
            Every wallet's chain is computed anew from its first event to its head; balances, accrued usage, receivables and residues are
            summed up and compared; and every seal must find the event that it sealed. It asks no database. Exits 1 with the file, the line
            and the reason of the first row that does not fit.

            Examples:
              billingctl verify-ledger --export /var/backups/ledger --seals /var/lib/warp-billing/wallet/seals
              billingctl verify-ledger --export /var/backups/ledger
            """)

    @Option(help: "The directory that export-ledger has filled.")
    var export: String
    @Option(help: "The directory of the seals; without it a tail that was cut off cannot be seen.")
    var seals: String?

    func run() throws {
        do {
            let report = try LedgerVerifier(export: export, seals: seals).verify {
                print("\($0.wallets) wallets, \($0.events) events")
            }
            print("ok: \(report.wallets) wallets, \(report.events) events, \(report.rows) rows, \(report.seals) seals")
        } catch let fault as LedgerFault {
            print("WRONG: \(fault)")
            throw ExitCode(1)
        }
    }
}
