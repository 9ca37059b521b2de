import Core
import DaemonKit
import Drivers
import Reference

/// `netsuite_exports`: the intent is written before anything goes out, so that nothing goes out unknown.
struct NetSuiteExportStore: Sendable {
    let pool: PostgresPool
    let taxItemPrefix: String

    /// Documents that one statement prepares.
    static let batchSize = 500
    private static let progress = Progress(table: "billing.biller_progress", source: "netsuite")

    /// How documents leave.
    enum Channel: Sendable {
        case rest
        /// Into a file of each kind, named by the label.
        case csv(directory: String, label: String)

        var name: String {
            switch self {
            case .rest: "rest"
            case .csv: "csv"
            }
        }

        func path(of kind: NetSuiteInvoice.Kind) -> String? {
            switch self {
            case .rest: nil
            case .csv(let directory, let label): "\(directory)/\(NetSuiteCSV.name(of: kind, label: label))"
            }
        }
    }

    /// States of an export, as the table spells them.
    enum State: String, Sendable {
        case pending, sent, confirmed, refused, unknown
    }

    /// A document that is on its way.
    struct Export: Sendable {
        let invoice: NetSuiteInvoice
        let state: State
        let path: String?
        let attempts: Int
    }

    /// Writes the intents of invoices that have none yet, and of held lines that have a SKU by now; says how many.
    func prepare(_ channel: Channel, skus: SKUMap, upTo horizon: Int64, at now: Instant) async throws -> Int {
        var count = 0
        while true {
            let (prepared, isDone) = try await prepareInvoices(channel, upTo: horizon, at: now)
            count += prepared
            if isDone { break }
            Watchdog.progressed()
        }
        return try await count + release(channel, skus: skus, at: now)
    }

    /// Documents that are not confirmed: with a channel's name those that it has to send.
    func open(_ channel: String, states: [State]) async throws -> [Export] {
        let rows = try await pool.query(
            """
            SELECT external_id, record_type, body, state, path, attempts
            FROM billing.netsuite_exports
            WHERE channel = \(channel) AND state = ANY (\(states.map(\.rawValue))::text[])
            ORDER BY created_at, external_id
            """)
        return try rows.map { row in
            let state: String = try row.value("state")
            let invoice = try NetSuiteInvoice(row)
            guard let known = State(rawValue: state) else {
                throw BillerError.unreadable(table: "netsuite_exports", column: "state", row: invoice.externalID)
            }
            return Export(
                invoice: invoice, state: known, path: try row.value("path"), attempts: try row.value("attempts"))
        }
    }

    /// All documents of a file, so that it can be written again as it was.
    func exports(inFile path: String) async throws -> [NetSuiteInvoice] {
        let rows = try await pool.query(
            """
            SELECT external_id, record_type, body
            FROM billing.netsuite_exports
            WHERE path = \(path)
            ORDER BY created_at, external_id
            """)
        return try rows.map(NetSuiteInvoice.init)
    }

    /// Notes what became of a document; an attempt is counted when it begins. What is confirmed stays so.
    func note(
        _ externalID: String, _ state: State, netSuiteID: String? = nil, detail: String? = nil, isAttempt: Bool = false,
        at now: Instant
    ) async throws {
        try await pool.withTransaction { transaction in
            try transaction.execute(
                """
                UPDATE billing.netsuite_exports
                SET state = \(state.rawValue), netsuite_id = coalesce(\(netSuiteID), netsuite_id), detail = \(detail),
                    attempts = attempts + \(isAttempt ? 1 : 0)::int, updated_at = \(now)
                WHERE external_id = \(externalID) AND state <> 'confirmed'
                """)
            guard let netSuiteID else { return }
            try transaction.execute(
                """
                UPDATE billing.invoices AS i SET netsuite_id = \(netSuiteID)
                FROM billing.netsuite_exports AS e
                WHERE e.external_id = \(externalID) AND i.id = e.invoice_id AND e.external_id = 'INV-' || i.id
                """)
        }
    }

    /// How many lines wait for a SKU, and for how much: the exception queue (rule K4).
    func held() async throws -> (lines: Int, amount: Money) {
        let rows = try await pool.query(
            """
            SELECT count(*) AS lines, coalesce(sum(l.amount), 0) AS amount
            FROM billing.invoice_lines AS l
            LEFT JOIN billing.invoice_line_releases AS r
                ON r.invoice_id = l.invoice_id AND r.line_number = l.line_number
            WHERE l.export = 'held' AND r.invoice_id IS NULL
            """)
        guard let row = rows.first else { return (0, .zero) }
        return (try row.value("lines"), try row.value("amount"))
    }

    private func prepareInvoices(
        _ channel: Channel, upTo horizon: Int64, at now: Instant
    ) async throws -> (count: Int, isDone: Bool) {
        let prefix = taxItemPrefix
        return try await pool.withTransaction { transaction in
            let progress = NetSuiteExportStore.progress
            let through = try progress.lockedThrough(in: transaction, now: now.milliseconds)
            let rows = try transaction.query(
                """
                SELECT id, invoice_seq, document::text AS document
                FROM billing.invoices
                WHERE invoice_seq > \(through) AND invoice_seq <= \(horizon) AND status NOT IN ('draft', 'awaiting_tax')
                ORDER BY invoice_seq
                LIMIT \(NetSuiteExportStore.batchSize)
                """)
            var count = 0
            for row in rows {
                let id: Identifier128 = try row.value("id")
                let document = try InvoiceDocument(json: try row.value("document"))
                let invoice = try NetSuiteInvoice(document, id: id, taxItemPrefix: prefix)
                guard !invoice.lines.isEmpty else { continue }
                try NetSuiteExportStore.insert(invoice, of: id, channel, at: now, in: transaction)
                count += 1
            }
            let isDone = rows.count < NetSuiteExportStore.batchSize
            let last: Int64 = try rows.last?.value("invoice_seq") ?? horizon
            progress.advance(in: transaction, to: isDone ? max(horizon, through) : last, now: now.milliseconds)
            return (count, isDone)
        }
    }

    /// Lines that were held and can go now: one document more for each of their invoices.
    private func release(_ channel: Channel, skus: SKUMap, at now: Instant) async throws -> Int {
        try await pool.withTransaction { transaction in
            let rows = try transaction.query(
                """
                SELECT l.invoice_id, l.line_number, l.class_key, l.description, l.amount, i.document::text AS document,
                    (SELECT count(*) FROM billing.netsuite_exports AS e WHERE e.invoice_id = i.id
                        AND e.external_id LIKE 'INV-' || i.id || '-R%') AS releases
                FROM billing.invoice_lines AS l
                JOIN billing.invoices AS i ON i.id = l.invoice_id
                LEFT JOIN billing.invoice_line_releases AS r
                    ON r.invoice_id = l.invoice_id AND r.line_number = l.line_number
                WHERE l.export = 'held' AND r.invoice_id IS NULL AND i.status <> 'void'
                ORDER BY i.invoice_seq, l.line_number
                """)
            var documents: [Identifier128: (document: InvoiceDocument, number: Int, lines: [NetSuiteInvoice.Line])] =
                [:]
            var order: [Identifier128] = []
            for row in rows {
                guard let sku = skus[ClassKey(try row.value("class_key"))] else { continue }
                let id: Identifier128 = try row.value("invoice_id")
                let line = NetSuiteInvoice.Line(
                    item: sku.text, amount: (try row.value("amount") as Money).text(.cents),
                    description: try row.value("description"))
                let number = try row.value("releases") as Int + 1
                if documents[id] == nil {
                    order.append(id)
                    documents[id] = (try InvoiceDocument(json: try row.value("document")), number, [])
                }
                documents[id]?.lines.append(line)
                try transaction.execute(
                    """
                    INSERT INTO billing.invoice_line_releases (invoice_id, line_number, sku, external_id, released_at)
                    VALUES (\(id), \(try row.value("line_number") as Int32), \(sku.text),
                        \(NetSuiteInvoice.externalID(of: id, release: number)), \(now))
                    """)
            }
            for id in order {
                guard let (document, number, lines) = documents[id] else { continue }
                let invoice = try NetSuiteInvoice(document, releasing: lines, id: id, number: number)
                try NetSuiteExportStore.insert(invoice, of: id, channel, at: now, in: transaction)
            }
            return order.count
        }
    }

    private static func insert(
        _ invoice: NetSuiteInvoice, of id: Identifier128, _ channel: Channel, at now: Instant,
        in transaction: PostgresTransaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO billing.netsuite_exports (external_id, record_type, invoice_id, state, channel, path, body, created_at,
                updated_at)
            VALUES (\(invoice.externalID), \(invoice.kind.rawValue), \(id), 'pending', \(channel.name),
                \(channel.path(of: invoice.kind)), \(try invoice.json()), \(now), \(now))
            """)
    }
}

extension NetSuiteInvoice {
    /// A row of `netsuite_exports`.
    fileprivate init(_ row: PostgresRow) throws {
        guard let kind = Kind(rawValue: try row.value("record_type")) else {
            throw BillerError.unreadable(
                table: "netsuite_exports", column: "record_type", row: try row.value("external_id"))
        }
        try self.init(json: try row.value("body"), kind: kind)
    }

    /// `INV-<uuid>`, or `INV-<uuid>-R1` of the first release.
    static func externalID(of id: Identifier128, release: Int? = nil) -> String {
        "INV-\(id.text)" + (release.map { "-R\($0)" } ?? "")
    }

    /// The lines of an invoice that can go: those with a SKU, and the taxes that are not 0.00.
    init(_ document: InvoiceDocument, id: Identifier128, taxItemPrefix: String) throws {
        let usage = document.lines.compactMap { line in
            line.sku.map { Line(item: $0, amount: line.amount, description: line.words) }
        }
        let taxes = document.taxes.filter { $0.amount != "0.00" }.map { tax in
            Line(item: taxItemPrefix + tax.id.uppercased(), amount: tax.amount, description: tax.name)
        }
        try self.init(
            document, externalID: NetSuiteInvoice.externalID(of: id), memo: NetSuiteInvoice.memo(document),
            lines: usage + taxes)
    }

    /// Lines that were held when the invoice was exported.
    init(_ document: InvoiceDocument, releasing lines: [Line], id: Identifier128, number: Int) throws {
        try self.init(
            document, externalID: NetSuiteInvoice.externalID(of: id, release: number),
            memo: "\(NetSuiteInvoice.memo(document)), lines held before", lines: lines)
    }

    private init(_ document: InvoiceDocument, externalID: String, memo: String, lines: [Line]) throws {
        try self.init(
            externalID: externalID, entity: document.customer.ban, entityName: document.customer.name,
            date: document.invoiceDate, dueDate: document.dueDate, terms: document.terms, memo: memo, lines: lines)
    }

    /// `WB-000007 2026-11-01 to 2026-11-30`
    private static func memo(_ document: InvoiceDocument) -> String {
        "\(document.number ?? "") \(document.periodStart) to \(document.periodEnd)"
    }
}

extension InvoiceDocument.Line {
    /// `Interstate calls, 45.37 min`
    var words: String {
        let late = usedOn.map { _ in ", late" } ?? ""
        guard let quantity, let unit else { return description + late }
        return "\(description), \(quantity) \(unit)\(late)"
    }
}
