import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import Reference

/// Every issued invoice as a file that can be sent: `<number>.html`.
struct DocumentArchive: Sendable {
    let pool: PostgresPool
    let directory: String
    let now: @Sendable () -> Instant
    let logger: Logger

    /// Documents that one question reads.
    static let batchSize = 200
    private static let progress = Progress(table: "billing.biller_progress", source: "documents")

    /// Writes the documents of all invoices above the mark; a file that is there is written again, the same.
    func writeMissing() async throws {
        let horizon = try await Horizon("invoices").through(pool)
        let page = try InvoicePage()
        while true {
            let documents = try await next(upTo: horizon)
            for (_, document) in documents {
                Watchdog.progressed()
                try FileOutput.write(
                    page.html(of: document), to: "\(directory)/\(document.number ?? "preview").html")
            }
            let isDone = documents.count < DocumentArchive.batchSize
            let mark = isDone ? horizon : documents.last?.sequence ?? horizon
            let instant = now()
            try await pool.withTransaction { transaction in
                DocumentArchive.progress.advance(in: transaction, to: mark, now: instant.milliseconds)
            }
            if !documents.isEmpty {
                logger.info("Documents written", metadata: ["document.count": "\(documents.count)"])
            }
            if isDone { return }
        }
    }

    private func next(upTo horizon: Int64) async throws -> [(sequence: Int64, document: InvoiceDocument)] {
        try await pool.withTransaction { transaction in
            let through = try DocumentArchive.progress.through(in: transaction)
            let rows = try transaction.query(
                """
                SELECT invoice_seq, document::text AS document
                FROM billing.invoices
                WHERE invoice_seq > \(through) AND invoice_seq <= \(horizon) AND status NOT IN ('draft', 'awaiting_tax')
                ORDER BY invoice_seq
                LIMIT \(DocumentArchive.batchSize)
                """)
            return try rows.map {
                (try $0.value("invoice_seq"), try InvoiceDocument(json: try $0.value("document")))
            }
        }
    }
}
