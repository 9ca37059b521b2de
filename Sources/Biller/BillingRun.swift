import Core
import DaemonKit
import Drivers
import Logging
import Reference

/// Closes the periods that are over: who is due → usage → lines and taxes → invoice. It may be stopped anywhere and run again, or
/// run twice at once: what is closed is known by its cut, and nothing else is remembered.
struct BillingRun: Sendable {
    let pool: PostgresPool
    let cuts: InvoiceCut
    let usage: UsageStore
    let invoices: InvoiceStore
    let customers: CustomerStore
    let plans: PlanStore
    let taxes: TaxTable
    let issuer: InvoiceDocument.Issuer
    /// Customers whose usage one query sums.
    let batchSize: Int
    let now: @Sendable () -> Instant
    let logger: Logger
    let metrics: PrometheusRegistry

    /// What a run did.
    struct Report: Hashable, Sendable {
        let id: Identifier128
        let cut: Int64
        var issued: [Entry] = []
        /// Periods without anything to bill.
        var empty = 0
        /// Customers held back, with the reason.
        var parked: [Parked] = []

        struct Entry: Hashable, Sendable {
            let number: String
            let document: InvoiceDocument
        }

        struct Parked: Hashable, Sendable {
            let ban: String
            let reason: String
        }
    }

    /// A customer's next period, and the cut it follows.
    private struct Due: Sendable {
        let customer: Customer
        let period: NextPeriod
        let last: InvoiceStore.LastCut?
    }

    /// Bills everybody, or one customer, for every period that has ended.
    /// - Parameter through: the last invoice date that counts; nil is today.
    func run(through: UsageDay? = nil, ban: String? = nil) async throws -> Report {
        let held = try await pool.withAdvisoryLock(BillingRun.lock) { try await bill(through: through, ban: ban) }
        guard let held else { throw BillerError.runInProgress }
        return held
    }

    /// The same once whoever runs now has finished; then mostly nothing is left to do.
    func runWhenFree(through: UsageDay? = nil, ban: String? = nil, waiting limit: Duration) async throws -> Report {
        let deadline = ContinuousClock.now + limit
        while true {
            do {
                return try await run(through: through, ban: ban)
            } catch BillerError.runInProgress where ContinuousClock.now < deadline {
                Watchdog.progressed()
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// The invoice that a customer's present or last period would come to now, with nothing written; nil without anything to bill.
    func preview(ban: String, on day: UsageDay?) async throws -> InvoiceDocument? {
        guard let customer = try await customers.customers(ban: ban).first else {
            throw BillerError.unknownCustomer(ban)
        }
        let last = try await invoices.lastCuts()[customer.id]
        var period = NextPeriod(cycle: customer.cycle, billedFrom: customer.billedFrom, after: last?.period)
        let wanted = day ?? customer.cycle.clock.day(of: now())
        while period.end < wanted {
            period = NextPeriod(cycle: customer.cycle, billedFrom: customer.billedFrom, after: period.closed)
        }
        let due = Due(customer: customer, period: period, last: last)
        let claim = claim(due, cut: try await cuts.now())
        guard let usage = try await usage.usage(of: [claim]).first else { return nil }
        return try await draft(due, claim, usage, maker: try await maker())?.document
    }

    /// The lock that one run holds at a time.
    private static let lock: Int64 = 0x7761_7270_6269_6c6c

    private func bill(through: UsageDay?, ban: String?) async throws -> Report {
        let started = now()
        let cut = try await cuts.take()
        let maker = try await maker()
        let heldBack = try await cuts.heldBack(at: cut)
        let all = try await customers.customers(ban: ban)
        if let ban, all.isEmpty { throw BillerError.unknownCustomer(ban) }
        var lastCuts = try await invoices.lastCuts()
        var report = Report(id: .random(), cut: cut)
        try await begin(report, at: started)
        var waiting = all
        while true {
            let due = due(waiting, lastCuts: lastCuts, through: through, at: started)
            guard !due.isEmpty else { break }
            waiting = []
            for batch in BillingRun.batches(of: due, size: batchSize) {
                let billed = try await bill(batch, cut: cut, maker: maker, heldBack: heldBack, into: &report)
                for due in billed {
                    // The next period of who was billed may be over as well.
                    lastCuts[due.customer.id] = InvoiceStore.LastCut(period: due.period.closed, cut: cut)
                    waiting.append(due.customer)
                }
            }
        }
        try await finish(report, at: now())
        return report
    }

    private func maker() async throws -> InvoiceMaker {
        InvoiceMaker(
            skus: try await plans.skus(), taxes: try await taxes.rates(), plans: try await plans.plans(),
            issuer: issuer)
    }

    private func due(
        _ customers: [Customer], lastCuts: [CustomerID: InvoiceStore.LastCut], through: UsageDay?, at now: Instant
    ) -> [Due] {
        customers.compactMap { customer in
            let last = lastCuts[customer.id]
            let period = NextPeriod(
                cycle: customer.cycle, billedFrom: customer.billedFrom, after: last?.period)
            guard period.hasEnded(by: now), through.map({ period.invoiceDate <= $0 }) ?? true else { return nil }
            return Due(customer: customer, period: period, last: last)
        }
    }

    /// Periods of like days together, so that a query reads few partitions in vain.
    private static func batches(of due: [Due], size: Int) -> [[Due]] {
        let sorted = due.sorted {
            ($0.period.instants.upperBound, $0.period.instants.lowerBound, $0.customer.ban)
                < ($1.period.instants.upperBound, $1.period.instants.lowerBound, $1.customer.ban)
        }
        return stride(from: 0, to: sorted.count, by: size).map { Array(sorted[$0..<min($0 + size, sorted.count)]) }
    }

    /// Bills a batch and returns who is done; one customer's fault holds back that customer alone.
    private func bill(
        _ batch: [Due], cut: Int64, maker: InvoiceMaker, heldBack: Set<CustomerID>, into report: inout Report
    ) async throws -> [Due] {
        let free = batch.filter { due in
            guard heldBack.contains(due.customer.id) else { return true }
            park(due.customer, reason: "parked-postings", detail: "usage up to the cut is not posted", &report)
            return false
        }
        var billed: [Due] = []
        let claims = free.map { claim($0, cut: max(cut, $0.last?.cut ?? 0)) }
        for (index, usage) in try await usage.usage(of: claims).enumerated() {
            let due = free[index]
            Watchdog.progressed()
            do {
                guard let draft = try await draft(due, claims[index], usage, maker: maker) else {
                    try await invoices.close(claims[index], due.period, after: due.last)
                    report.empty += 1
                    billed.append(due)
                    continue
                }
                let issued = try await invoices.issue(draft, after: due.last, at: now())
                var document = draft.document
                document.number = issued.number
                report.issued.append(Report.Entry(number: issued.number, document: document))
                metrics.increment(.billerInvoices, "issued")
                billed.append(due)
            } catch let error as BillerError {
                park(due.customer, reason: error.reason, detail: error.description, &report)
            }
        }
        return billed
    }

    private func claim(_ due: Due, cut: Int64) -> UsageClaim {
        UsageClaim(
            customer: due.customer.id, period: due.period.instants, previousCut: due.last?.cut ?? 0,
            cut: max(cut, due.last?.cut ?? 0))
    }

    private func draft(
        _ due: Due, _ claim: UsageClaim, _ usage: ClaimedUsage, maker: InvoiceMaker
    ) async throws -> InvoiceMaker.Draft? {
        let bundles = maker.modifiers(of: due.customer, in: due.period).bundles
        var groups = usage.groups
        if !bundles.isEmpty && !usage.groups.isEmpty {
            groups = UsageGroup.groups(
                of: try await self.usage.records(of: claim), bundles: bundles,
                usedBefore: try await usedBefore(due, bundles))
        }
        return try maker.draft(due.customer, period: due.period, claim: claim, usage: usage, groups: groups)
    }

    /// What the month's earlier invoices of a daily or weekly cycle have used of each bundle (rule I5).
    private func usedBefore(_ due: Due, _ bundles: [Core.Bundle]) async throws -> [String: Int] {
        let month = due.customer.cycle.month(containing: due.period.whole.end).instants
        guard month.lowerBound < due.period.instants.lowerBound else { return [:] }
        var used: [BillableRecord] = []
        let earlier = try await invoices.claims(
            of: due.customer.id, periodsFrom: month.lowerBound..<due.period.instants.lowerBound)
        for claim in earlier { used += try await usage.records(of: claim) }
        return UsageGroup.bundleSeconds(of: used, bundles: bundles)
    }

    private func park(_ customer: Customer, reason: String, detail: String, _ report: inout Report) {
        report.parked.append(Report.Parked(ban: customer.ban.text, reason: reason))
        metrics.increment(.billerInvoices, "held")
        logger.error(
            "Customer held back",
            metadata: [
                "customer.ban": "\(customer.ban)", "failure.reason": "\(reason)", "failure.detail": "\(detail)",
            ])
    }

    private func begin(_ report: Report, at instant: Instant) async throws {
        try await pool.execute(
            """
            INSERT INTO billing.billing_runs (id, started_at, as_of, cut_seq)
            VALUES (\(report.id), \(instant), \(instant), \(report.cut))
            """)
    }

    private func finish(_ report: Report, at instant: Instant) async throws {
        try await pool.execute(
            """
            UPDATE billing.billing_runs
            SET finished_at = \(instant), invoices = \(Int32(report.issued.count)), parked = \(Int32(report.parked.count))
            WHERE id = \(report.id)
            """)
        logger.info(
            "Cycle run",
            metadata: [
                "run.id": "\(report.id.text)", "invoice.count": "\(report.issued.count)",
                "period.empty": "\(report.empty)", "customer.parked": "\(report.parked.count)",
                "cut.seq": "\(report.cut)",
            ])
    }
}
