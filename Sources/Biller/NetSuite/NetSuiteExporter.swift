import Core
import Drivers
import Logging

/// Sends documents over REST so that each is in NetSuite once, whatever is lost on the way: the external id is fixed before the call,
/// after any doubt NetSuite is asked for it, and only a total that was read back confirms.
struct NetSuiteExporter: Sendable {
    let store: NetSuiteExportStore
    let netSuite: NetSuite
    /// The first pause after a refusal for want of slots; it doubles.
    let firstPause: Duration
    let now: @Sendable () -> Instant
    let logger: Logger

    /// Tries of one document in one call; then it waits for the next.
    static let tries = 5

    /// What became of a document.
    private enum Outcome {
        case confirmed, waiting, refused
    }

    /// Sends everything that is not confirmed or refused.
    func send() async throws -> NetSuiteSync.Report {
        var report = NetSuiteSync.Report()
        var knownCustomers: Set<String> = []
        for export in try await store.open("rest", states: [.pending, .sent, .unknown]) {
            switch try await send(export, &knownCustomers) {
            case .confirmed: report.exported += 1
            case .waiting: report.waiting += 1
            case .refused: report.refused += 1
            }
        }
        return report
    }

    private func send(
        _ export: NetSuiteExportStore.Export, _ knownCustomers: inout Set<String>
    ) async throws -> Outcome {
        let invoice = export.invoice
        // Sent before and never answered: it may be there.
        var isInDoubt = export.state != .pending
        var refusal: String?
        var pause = firstPause
        for _ in 0..<NetSuiteExporter.tries {
            do {
                if isInDoubt, let found = try await netSuite.find(invoice) {
                    return try await settle(invoice, found)
                }
                if let refusal { return try await refuse(invoice, refusal) }
                isInDoubt = false
                if !knownCustomers.contains(invoice.entity) {
                    try await netSuite.putCustomer(ban: invoice.entity, name: invoice.entityName)
                    knownCustomers.insert(invoice.entity)
                }
                // Written before the call: from here on it may be in NetSuite.
                try await store.note(invoice.externalID, .sent, isAttempt: true, at: now())
                isInDoubt = true
                _ = try await netSuite.post(invoice)
                continue
            } catch let error as NetSuiteError {
                switch error {
                case .inDoubt, .notSent: break
                case .busy(let seconds): pause = seconds.map { .seconds($0) } ?? pause
                case .refused(400, let problem) where isInDoubt:
                    // It may say that the external id is taken: look before believing it.
                    refusal = problem
                    continue
                case .refused(_, let problem): return try await refuse(invoice, problem)
                case .loginRefused(let problem):
                    logger.error("NetSuite refuses the login", metadata: ["failure.detail": "\(problem)"])
                    return try await wait(invoice, isInDoubt, problem)
                }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(30))
        }
        return try await wait(invoice, isInDoubt, "no answer after \(NetSuiteExporter.tries) tries")
    }

    /// What NetSuite has is what we sent, to the cent; otherwise a person must look.
    private func settle(_ invoice: NetSuiteInvoice, _ found: NetSuite.Record) async throws -> Outcome {
        let total = try invoice.total()
        guard found.total == total else {
            return try await refuse(
                invoice, "NetSuite has a total of \(found.total.text(.full)) where \(total.text(.cents)) was sent")
        }
        try await store.note(invoice.externalID, .confirmed, netSuiteID: found.id, at: now())
        return .confirmed
    }

    private func refuse(_ invoice: NetSuiteInvoice, _ problem: String) async throws -> Outcome {
        try await store.note(invoice.externalID, .refused, detail: problem, at: now())
        logger.error(
            "NetSuite refuses a document",
            metadata: ["export.id": "\(invoice.externalID)", "failure.detail": "\(problem)"])
        return .refused
    }

    private func wait(_ invoice: NetSuiteInvoice, _ isInDoubt: Bool, _ why: String) async throws -> Outcome {
        try await store.note(invoice.externalID, isInDoubt ? .unknown : .pending, detail: why, at: now())
        return .waiting
    }
}
