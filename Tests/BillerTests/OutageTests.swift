import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Biller

@Suite("The biller through outages", .needsServices, .serialized)
struct OutageTests {
    @Test("every record is summed once, and billed at most once", arguments: Outage.allCases)
    func endures(_ outage: Outage) async throws {
        // Ten weeks are over that never were billed, and the cycle is closed every second.
        try await BillerWorld.with(at: "2026-11-30T06:00:00Z") { world in
            try await world.loadSKUs()
            let values = try world.daemonValues().merging([
                "sweep.intervalSeconds": "1", "billing.schedule": "every 1 s", "netsuite.retryIntervalSeconds": "5",
            ]) { $1 }
            let stream = StreamName.ratedUsage
            let key = try #require(values["redis.keyPrefix"]) + stream.rawValue
            try await WorkingDaemon(
                BillerCommand.daemon, values: values, build: { try BillerCommand.build($0) },
                streams: [(stream.rawValue, StreamGroup.biller.rawValue)],
                offer: {
                    try await world.offer($0) { try await ring(key, type: stream.entryType, [Array("{}".utf8)]) }
                },
                outcome: { try await world.outcomeOfOffers() },
                expected: { pieces in
                    """
                    \(10 * pieces) records for \(10 * pieces).00000 summed, as many billed or to be billed; \
                    \(10 * pieces) weeks closed; \
                    every invoice in one file and with its page
                    """
                }
            ).endure(outage)
        }
    }
}

extension BillerWorld {
    /// A call in each of ten weeks, and then the customer whose they are.
    fileprivate func offer(_ piece: Int, ring: () async throws -> Void) async throws {
        let id = "7e000000-0000-4000-8000-\(String(repeating: "0", count: 10))\(piece + 10)"
        let monday = try day("2026-09-21")
        try await add(
            (0..<10).map { .call("1.00000", at: "\(monday.advanced(days: 7 * $0).text)T10:00:00Z", of: id) })
        try await load([
            "ban": .string("BAN\(piece)"), "id": .string(id), "cycle": .string("weekly"),
            "billed_from": .string(monday.text),
        ])
        try await ring()
    }

    fileprivate func outcomeOfOffers() async throws -> String {
        let sums = try await texts(
            """
            SELECT concat(days.records, ' records for ', days.charges, ' summed, ',
                CASE WHEN bills.charges + rest.charges = days.charges THEN 'as many' ELSE
                    concat(bills.charges, ' and ', rest.charges) END, ' billed or to be billed; ',
                (SELECT count(*) FROM billing.invoice_cuts), ' weeks closed; ')
            FROM (SELECT coalesce(sum(record_count), 0) AS records, coalesce(sum(total_charges), 0.00000) AS charges
                FROM billing.usage_summary) AS days,
            (SELECT coalesce(sum(usage_charges), 0) AS charges FROM billing.invoices) AS bills,
            (SELECT coalesce(sum(charge), 0) AS charges FROM billing.rated_cdr AS call
                WHERE rated_seq > (SELECT coalesce(max(cut_seq), 0) FROM billing.invoice_cuts AS cut
                    WHERE cut.customer_id = call.customer_id)) AS rest
            """)
        let issued = try await texts("SELECT 'INV-' || id FROM billing.invoices")
        let exported = try Self.externalIDs(in: directory.appending(path: "netsuite").path)
        let pages = try Self.files(in: directory.appending(path: "documents").path, ending: ".html")
        let isWhole = exported.sorted() == issued.sorted() && pages.count == issued.count
        return try #require(sums.first)
            + (isWhole
                ? "every invoice in one file and with its page"
                : "of \(issued.count) invoices \(exported.count) exported and \(pages.count) with a page")
    }

    /// The invoices of all import files, once for each file they are in.
    private static func externalIDs(in directory: String) throws -> [String] {
        try files(in: directory, ending: ".csv").flatMap { name in
            let text = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
            return Set(
                text.split(separator: "\r\n").dropFirst().compactMap { $0.split(separator: ",").first.map(String.init) }
            )
        }
    }

    private static func files(in directory: String, ending: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(ending) }
    }
}
