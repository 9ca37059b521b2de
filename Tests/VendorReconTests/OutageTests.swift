import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import VendorRecon

@Suite("vendor-recon through outages", .needsPostgres, .serialized)
struct OutageTests {
    @Test("every statement is taken once, and the day's dispute is about all of them", arguments: Outage.ofPostgres)
    func endures(_ outage: Outage) async throws {
        try await ReconWorld.with { world in
            try await withClockFile(at: ReconWorld.now.text) { clock in
                let values = world.database.settings().merging([
                    "postgres.user": "warp_recon", "clock.file": clock, "statements.directory": world.directory.path,
                    "statements.intervalSeconds": "1", "reconciliation.schedule": "every 1 s",
                    "formats.directory": TestDatabase.repositoryRoot + "/deploy/vendors",
                ]) { $1 }
                try await WorkingDaemon(
                    VendorReconCommand.daemon, values: values, build: { VendorReconCommand.build($0) },
                    offer: { try await world.offer($0) },
                    outcome: { try await world.outcomeOfOffers() },
                    expected: { pieces in
                        """
                        \(pieces) statements, \(2 * pieces) lines; \(pieces) matched, \(pieces) not ours; \
                        \(pieces) disputed for \(Money(units: 45_000 * Int64(pieces)).text(.charge))
                        """
                    }
                ).endure(outage)
            }
        }
    }
}

extension ReconWorld {
    /// An attempt of ours, and a file in which the vendor bills it and one that we never made.
    fileprivate func offer(_ piece: Int) async throws {
        let minute = String(piece + 10)
        try await addAttempt(
            callID: "a\(piece)", start: "2026-11-22T10:\(minute):00Z", billed: 60, rate: "0.0045", cost: "0.0045")
        let lines = [("a\(piece)", 10), ("x\(piece)", 12)].map { callID, hour in
            "2026-11-22T\(hour):\(minute):00.000Z,\(callID),outbound,16304207501,+16467007042,55,60,0.0045000,0.00450,USD\n"
        }
        let file = directory.appending(path: "telnyx-\(piece).csv")
        try (ReconWorld.header + lines.joined()).write(to: file, atomically: true, encoding: .utf8)
    }

    fileprivate func outcomeOfOffers() async throws -> String {
        try await text(
            """
            SELECT concat(
                (SELECT count(*) FROM billing.vendor_statements), ' statements, ',
                (SELECT count(*) FROM billing.vendor_statement_cdr), ' lines; ',
                (SELECT concat(count(*) FILTER (WHERE status = 'matched'), ' matched, ',
                    count(*) FILTER (WHERE status = 'missing_ours'), ' not ours')
                    FROM billing.vendor_matches
                    JOIN billing.reconciliation_runs AS run ON run.id = run_id AND run.superseded_at IS NULL), '; ',
                (SELECT string_agg(concat(records, ' disputed for ', amount), ' and ')
                    FROM billing.disputes WHERE state = 'open'))
            """) ?? ""
    }
}
