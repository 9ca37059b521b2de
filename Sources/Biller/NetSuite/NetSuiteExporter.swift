import Core
import DaemonKit
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
    /// The longest that NetSuite may ask us to wait within one call, in seconds; for more, the next call comes.
    static let longestRetryAfter = 60

    /// What became of a document.
    private enum Outcome {
        case confirmed, waiting, refused
        /// It waits because NetSuite is away: so does everything else.
        case away
        /// It waits because the account may not write it: so does everything of its kind.
        case shut
    }

    /// Sends what is not confirmed or refused, and stops where NetSuite turns out to be away: the rest goes with the next call.
    func send() async throws -> NetSuiteSync.Report {
        var report = NetSuiteSync.Report()
        var knownCustomers: Set<String> = []
        var shut: Set<NetSuiteInvoice.Kind> = []
        let open = try await store.open("rest", states: [.pending, .sent, .unknown])
        for (index, export) in open.enumerated() {
            guard !shut.contains(export.invoice.kind) else {
                report.waiting += 1
                continue
            }
            switch try await send(export, &knownCustomers) {
            case .confirmed: report.exported += 1
            case .waiting: report.waiting += 1
            case .refused: report.refused += 1
            case .shut:
                report.waiting += 1
                shut.insert(export.invoice.kind)
            case .away:
                report.waiting += open.count - index
                return report
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
        var isAway = false
        var pause = firstPause
        for _ in 0..<NetSuiteExporter.tries {
            Watchdog.progressed()
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
                case .inDoubt: isAway = false
                case .notSent: isAway = true
                case .busy(let seconds):
                    isAway = true
                    if let seconds, seconds > NetSuiteExporter.longestRetryAfter {
                        return try await wait(invoice, isInDoubt, "told to wait for \(seconds) s", .away)
                    }
                    pause = seconds.map { .seconds($0) } ?? pause
                case .refused(400, let problem) where isInDoubt:
                    // It may say that the external id is taken: look before believing it.
                    refusal = problem
                    continue
                case .refused(_, let problem): return try await refuse(invoice, problem)
                case .loginRefused(let problem):
                    logger.error("NetSuite refuses the login", metadata: ["failure.detail": "\(problem)"])
                    return try await wait(invoice, isInDoubt, problem, .shut)
                }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(30))
        }
        return try await wait(
            invoice, isInDoubt, "no answer after \(NetSuiteExporter.tries) tries", isAway ? .away : .waiting)
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

    private func wait(
        _ invoice: NetSuiteInvoice, _ isInDoubt: Bool, _ why: String, _ outcome: Outcome
    ) async throws -> Outcome {
        try await store.note(invoice.externalID, isInDoubt ? .unknown : .pending, detail: why, at: now())
        return outcome
    }
}
