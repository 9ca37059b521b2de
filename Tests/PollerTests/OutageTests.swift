import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Poller

@Suite("The poller through outages", .needsServices, .serialized)
struct OutageTests {
    @Test("every record has its outcome once", arguments: Outage.allCases)
    func endures(_ outage: Outage) async throws {
        try await PollerWorld.with { world in
            try await WorkingDaemon(
                PollerCommand.daemon, values: world.settings, build: { try PollerCommand.build($0) },
                streams: [StreamName.rawCDR, .rawVendorCDR, .rawMDR].map {
                    (stream: $0.rawValue, group: StreamGroup.poller.rawValue)
                },
                offer: { try await world.offer($0) },
                outcome: { try await world.outcomeOfOffers() },
                expected: { pieces in
                    // 0.00712 a call; an attempt and a message beside it, and a call to a country that no deck has.
                    """
                    \(pieces) calls for \(Money(units: 71_200 * Int64(pieces)).text(.charge)), \(pieces) attempts, \
                    \(pieces) messages, \(pieces) unrated, 0 waiting; announced \(2 * pieces); \
                    counted \(3 * pieces) rated, \(pieces) unrated
                    """
                }
            ).endure(outage)
        }
    }
}

extension PollerWorld {
    /// Four raw records as cdr-ingest commits and announces them, the attempt before its call.
    fileprivate func offer(_ piece: Int) async throws {
        let attempts = try await add(.attempt, [Sample.attempt("u\(piece)")])
        try await ring(.rawVendorCDR, attempts)
        let calls = [Sample.call("u\(piece)"), Sample.call("x\(piece)", to: "+2348012345678")]
        try await ring(.rawCDR, try await add(.call, calls))
        try await ring(.rawMDR, try await add(.message, [Sample.message("m\(piece)")]))
    }

    fileprivate func outcomeOfOffers() async throws -> String {
        let texts = try await texts(
            """
            SELECT concat(
                (SELECT concat(count(*), ' calls for ', coalesce(sum(charge), 0.00000)) FROM billing.rated_cdr), ', ',
                (SELECT count(*) FROM billing.vendor_cdr), ' attempts, ',
                (SELECT count(*) FROM billing.rated_mdr), ' messages, ',
                (SELECT concat(count(*) FILTER (WHERE status = 'unrated'), ' unrated, ',
                    count(*) FILTER (WHERE status <> 'unrated'), ' waiting') FROM billing.unrated_usage), '; announced ',
                (SELECT coalesce(sum(count), 0) FROM billing.rated_spans), '; counted ',
                (SELECT concat(coalesce(sum(rated), 0), ' rated, ', coalesce(sum(unrated), 0), ' unrated')
                    FROM billing.rating_counts))
            """)
        return try #require(texts.first)
    }
}
