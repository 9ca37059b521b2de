import Core
import DaemonKit
import Foundation
import Logging

/// Takes issued invoices to NetSuite: over REST where an account is configured, otherwise as CSV import files.
struct NetSuiteSync: Sendable {
    let store: NetSuiteExportStore
    let plans: PlanStore
    let target: Target
    let now: @Sendable () -> Instant
    let logger: Logger
    let metrics: PrometheusRegistry

    /// Where documents go.
    enum Target: Sendable {
        case rest(NetSuiteExporter)
        case csv(directory: String)
    }

    /// What one call did.
    struct Report: Hashable, Sendable {
        /// Documents that are out now: sent in a file, or confirmed by NetSuite.
        var exported = 0
        /// Documents that go again with the next call.
        var waiting = 0
        /// Documents that NetSuite refused: for a person.
        var refused = 0
        /// Files written.
        var files: [String] = []
    }

    /// The lock that one export holds at a time: two at once could write one file from different views, or send one document.
    static let lock: Int64 = 0x7761_7270_6e65_7473

    /// Exports everything that is not out yet; where somebody else does so for longer than the limit, that is left to them and to
    /// the next call.
    /// - Parameter label: what names the file of new documents: the run.
    @discardableResult
    func export(label: String, waiting limit: Duration = .seconds(60)) async throws -> Report {
        let deadline = ContinuousClock.now + limit
        while true {
            let report = try await store.pool.withAdvisoryLock(NetSuiteSync.lock) {
                try await exportAlone(label: label)
            }
            if let report { return report }
            guard ContinuousClock.now < deadline else {
                logger.notice("Another export is under way: the next one takes what it leaves")
                return Report()
            }
            Watchdog.progressed()
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func exportAlone(label: String) async throws -> Report {
        let horizon = try await Horizon("invoices").through(store.pool)
        let skus = try await plans.skus()
        let report: Report
        switch target {
        case .csv(let directory):
            _ = try await store.prepare(
                .csv(directory: directory, label: label), skus: skus, upTo: horizon, at: now())
            report = try await writeFiles()
        case .rest(let exporter):
            _ = try await store.prepare(.rest, skus: skus, upTo: horizon, at: now())
            report = try await exporter.send()
        }
        try await tell(report)
        return report
    }

    /// `20261201T060000Z-1a2b3c4d`: the instant, and what tells two runs of one instant apart.
    static func label(at instant: Instant, run: Identifier128) -> String {
        let digits = instant.text.prefix(19).filter { $0.isNumber || $0 == "T" }
        return "\(digits)Z-\(run.text.prefix(8))"
    }

    private func writeFiles() async throws -> Report {
        var report = Report()
        var kinds: [String: NetSuiteInvoice.Kind] = [:]
        for export in try await store.open("csv", states: [.pending]) {
            if let path = export.path { kinds[path] = export.invoice.kind }
        }
        for (path, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            let invoices = try await store.exports(inFile: path)
            try FileOutput.write(NetSuiteCSV.file(invoices, of: kind), to: path)
            for invoice in invoices {
                Watchdog.progressed()
                try await store.note(invoice.externalID, .sent, isAttempt: true, at: now())
            }
            report.exported += invoices.count
            report.files.append(path)
        }
        return report
    }

    private func tell(_ report: Report) async throws {
        metrics.increment(.billerExports, by: report.exported, "invoice", "exported")
        metrics.increment(.billerExports, by: report.refused, "invoice", "refused")
        metrics.increment(.billerExports, by: report.waiting, "invoice", "waiting")
        guard report.exported + report.refused + report.waiting > 0 else { return }
        logger.info(
            "Exported to NetSuite",
            metadata: [
                "export.count": "\(report.exported)", "export.waiting": "\(report.waiting)",
                "export.refused": "\(report.refused)", "export.files": "\(report.files.joined(separator: " "))",
            ])
        let held = try await store.held()
        if held.lines > 0 {
            logger.error(
                "Lines held back from NetSuite: their class keys have no SKU",
                metadata: ["line.count": "\(held.lines)", "line.amount": "\(held.amount.text(.cents))"])
        }
    }
}
