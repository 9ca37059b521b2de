import Core
import DaemonKit
import Drivers
import Foundation

/// The biller's parts, made from a daemon's context: `serve` and the one-off commands use the same.
struct BillerServices: Sendable {
    let customers: CustomerStore
    let taxes: TaxTable
    let invoices: InvoiceList
    let run: BillingRun
    let archive: DocumentArchive
    let netSuite: NetSuiteSync
    let now: @Sendable () -> Instant
}

extension BillerServices {
    init(_ context: DaemonContext) throws {
        let clock = context.clock
        let now: @Sendable () -> Instant = { Instant(milliseconds: clock.now()) }
        let config = context.config
        let pool = context.pool
        let customers = CustomerStore(pool: pool)
        let taxes = TaxTable(pool: pool)
        let plans = PlanStore(pool: pool)
        let run = BillingRun(
            pool: pool,
            cuts: InvoiceCut(pool: pool, wait: .seconds(config[BillerConfig.cutWait]), logger: context.logger),
            usage: UsageStore(pool: pool), invoices: InvoiceStore(pool: pool), customers: customers, plans: plans,
            taxes: taxes,
            issuer: InvoiceDocument.Issuer(
                name: config[BillerConfig.issuerName], address: config[BillerConfig.issuerAddress],
                contact: config[BillerConfig.issuerContact], payment: config[BillerConfig.issuerPayment]),
            batchSize: config[BillerConfig.batchSize], now: now, logger: context.logger, metrics: context.metrics)
        let archive = DocumentArchive(
            pool: pool, directory: config[BillerConfig.documentsDirectory], now: now, logger: context.logger)
        let store = NetSuiteExportStore(pool: pool, taxItemPrefix: config[BillerConfig.netSuiteTaxItemPrefix])
        let netSuite = NetSuiteSync(
            store: store, plans: plans, target: try BillerServices.target(context, store: store, now: now), now: now,
            logger: context.logger, metrics: context.metrics)
        self.init(
            customers: customers, taxes: taxes, invoices: InvoiceList(pool: pool), run: run, archive: archive,
            netSuite: netSuite, now: now)
    }

    /// Closes what is due, then writes documents and exports, those of a run that was interrupted too.
    func runCycle(
        through: UsageDay? = nil, ban: String? = nil, waiting limit: Duration
    ) async throws -> (run: BillingRun.Report, export: NetSuiteSync.Report) {
        let started = now()
        let report = try await run.runWhenFree(through: through, ban: ban, waiting: limit)
        let export = try await finish(label: NetSuiteSync.label(at: started, run: report.id))
        return (report, export)
    }

    /// Documents and exports of every invoice that has none yet.
    @discardableResult
    func finish(label: String) async throws -> NetSuiteSync.Report {
        try await archive.writeMissing()
        return try await netSuite.export(label: label)
    }

    private static func target(
        _ context: DaemonContext, store: NetSuiteExportStore, now: @escaping @Sendable () -> Instant
    ) throws -> NetSuiteSync.Target {
        let config = context.config
        guard let url = config[BillerConfig.netSuiteURL], let clientID = config[BillerConfig.netSuiteClientID],
            let certificateID = config[BillerConfig.netSuiteCertificateID],
            let pem = config[BillerConfig.netSuitePrivateKey],
            let algorithm = SignatureAlgorithm(rawValue: config[BillerConfig.netSuiteAlgorithm])
        else { return .csv(directory: config[BillerConfig.netSuiteExportDirectory]) }
        let client = HTTPClient()
        let baseURL = url.hasSuffix("/") ? String(url.dropLast()) : url
        let login = NetSuiteLogin(
            baseURL: baseURL, clientID: clientID, certificateID: certificateID, algorithm: algorithm,
            key: try SigningKey(pem: pem), client: client, seconds: { Clock.system.now() / 1_000 })
        var terms: [String: String] = [:]
        for pair in config[BillerConfig.netSuiteTerms] {
            let parts = pair.split(separator: "=").map(String.init)
            if parts.count == 2 { terms[parts[0]] = parts[1] }
        }
        return .rest(
            NetSuiteExporter(
                store: store,
                netSuite: NetSuite(
                    baseURL: baseURL, login: login, client: client,
                    timeout: .seconds(config[BillerConfig.netSuiteTimeout]), terms: terms),
                firstPause: .seconds(1), now: now, logger: context.logger))
    }
}
