import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Loading reference data", .needsPostgres, .serialized)
struct ReferenceLoadTests {
    @Test("a directory becomes one version with a load for each dataset, deck and plan")
    func directory() async throws {
        try await PollerWorld.with { world in
            let loads = try await world.texts(
                """
                SELECT kind || ' ' || count(*) || ' ' || sum(row_count)
                FROM billing.reference_loads GROUP BY kind ORDER BY kind
                """)
            #expect(
                loads == [
                    "country_prefixes 1 235", "deck 3 33", "lerg 1 20", "local_areas 1 6", "npa 1 475", "plan 16 16",
                    "ported 1 8", "resporg 1 4", "sku 1 12",
                ])
            let active = try await world.count(
                "SELECT count(*) FROM billing.reference_activations WHERE until_version IS NULL")
            #expect(active == 26)
            let deckRow = try await world.columns(
                of: """
                    SELECT entries.source_line AS line, entries.interstate, entries.intrastate, entries.initial_increment, entries.end_date
                    FROM billing.rate_deck_entries AS entries JOIN billing.reference_loads AS loads USING (load_id)
                    WHERE loads.name = 'retail-a' AND entries.prefix = '212600'
                    """)
            #expect(
                deckRow == [
                    "line": "3", "interstate": "0.0040000", "intrastate": "0.0070000", "initial_increment": "6",
                    "end_date": "2025-03-15",
                ])
        }
    }

    @Test("a version that is rolled back rates by the earlier rates again, under a number of its own")
    func rollBack() async throws {
        try await PollerWorld.with { world in
            let parts = world.parts()
            func rateOne(_ key: String) async throws {
                try await parts.pipeline.reference.refresh()
                try await parts.pipeline.handle(try await world.add(.query, [Sample.query(key)]))
            }
            try await rateOne("q1")
            let second = try await world.load(.plan, Self.apiPlan(rate: "0.0100000"))
            try await rateOne("q2")
            let versions = ReferenceVersions(pool: world.pool)
            let third = try await versions.rollBack(to: 1, by: "ada", at: world.now)
            try await rateOne("q3")

            #expect([second, third] == [2, 3])
            let rated = try await world.texts(
                """
                SELECT usage_id || ' ' || rate || ' ' || rate_plan_id || ' ' || split_part(ref_version, '.', 1)
                FROM billing.rated_api_usage ORDER BY rated_seq
                """)
            #expect(rated == ["q1 0.0008000 dflt-api 1", "q2 0.0100000 own-api 2", "q3 0.0008000 dflt-api 3"])
            let list = try await versions.list()
            #expect(list.map(\.version) == [3, 2, 1])
            #expect(list.first?.note == "as version 1")
            #expect(list.first?.changes == ["plan own-api"])
            let audited = try await world.texts("SELECT actor || ' ' || action FROM billing.poller_audit ORDER BY id")
            #expect(audited == ["tests reference.load", "tests reference.load", "ada reference.rollback"])
            await #expect(throws: UnknownVersion.self) { try await versions.rollBack(to: 9, by: "ada", at: world.now) }
        }
    }

    @Test("a deck that is loaded again replaces the deck of its name, and leaves the others")
    func deck() async throws {
        try await PollerWorld.with { world in
            _ = try await world.load(
                .deck,
                """
                deck,scope,prefix,interstate,intrastate,local,indeterminate,rate,effective_date,end_date
                telnyx,domestic,312,0.0100000,,,,,2024-01-01,
                """)
            let parts = world.parts()
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            let rated = try await world.columns(
                of: "SELECT rate_prefix, vendor_rate_prefix, vendor_rate FROM billing.rated_cdr")
            #expect(rated == ["rate_prefix": "312200", "vendor_rate_prefix": "312", "vendor_rate": "0.0100000"])
        }
    }

    @Test(
        "every fault of a file is told with its line",
        arguments: [
            (
                ReferenceKind.lerg,
                "npa,nxx,x,ocn,lata,state,rate_center,switch\n312,20,A,,,,,\n312,200,B,1,2,IL,C,S\n312,200,A,,,,,\n312,200,A,,,,,\n",
                [
                    "2:nxx '20' is not 3 digits", "3:x 'B' is none of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A",
                    "5:npa, nxx, x stand in an earlier line",
                ]
            ),
            (
                .npa, "npa,type,state\n201,geo,NJ\n",
                ["1:the column country is missing"]
            ),
            (
                .ported, "number,lrn,spid,activated,note\n3122001000,312,1,yesterday,x\n",
                [
                    "1:the column note is not known", "2:lrn '312' is not 10 digits",
                    "2:activated 'yesterday' is no instant such as 2026-11-22T00:00:00.000Z",
                ]
            ),
            (
                .deck,
                """
                deck,scope,prefix,interstate,intrastate,local,indeterminate,rate,effective_date,end_date
                a,domestic,31220,0.01,,,,,2024-01-01,
                a,domestic,312,,0.01,,,,2024-01-01,
                a,international,1,,,,,0.01,2024-01-01,2023-01-01
                a,domestic,212,0.00000001,-1,,,,2024-13-01,
                ,domestic,212,0.1,,,,,2024-01-01
                a,domestic,312,0.1,,,,,2024-01-01,
                a,domestic,312,0.2,,,,,2024-01-01,
                """,
                [
                    "2:prefix of a domestic row has 3, 6 or 7 digits and begins with 2 to 9",
                    "3:interstate or indeterminate is required in a domestic row",
                    "4:prefix 1 is forbidden in an international row", "4:end_date is not after effective_date",
                    "5:interstate '0.00000001' has more than seven decimals", "5:intrastate '-1' is negative",
                    "5:effective_date '2024-13-01' is no day such as 2026-11-22 or 11/22/2026",
                    "6:has 9 fields where the header has 10",
                    "8:prefix 312 from 2024-01-01 stands in line 7 already",
                ]
            ),
            (
                .plan,
                #"[{"id":"p","type":"sms","effective_date":"2024-01-01","rates":{"schema":"sms/1","sms_outbound":0.01,"mms":"1"}},{"id":"p","type":"fax"}]"#,
                [
                    "/0/rates/mms:UNKNOWN_FIELD", "/0/rates/sms_outbound:NOT_STRING",
                    "/1/id:'p' stands at /0/id already",
                    "/1/type:'fax' is none of voice, tollfree, sms, api", "/1/effective_date:is missing",
                    "/1/rates:is missing",
                ]
            ),
            (.sku, #"{"API:LRN":"SKU1","API:CNAM":7}"#, ["/API:CNAM:is no SKU"]),
            (.sku, "{\n\"a\":\n}", ["3:is not JSON: no JSON value"]),
            (.connectors, "", ["1:is empty"]),
        ])
    func faults(kind: ReferenceKind, content: String, expected: [String]) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID().uuidString)").path
        try Data(content.utf8).write(to: URL(filePath: path))
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) } }
        let found = #expect(throws: FileFaults.self) { try ReferenceLoader.check([(kind, path)]) }
        #expect(found?.faults.map { "\($0.place):\($0.problem)" } == expected)
    }

    @Test("one bad line of one file keeps the whole directory out")
    func allOrNothing() async throws {
        try await PollerWorld.with(reference: false) { world in
            let directory = FileManager.default.temporaryDirectory.appending(path: "reference-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: URL(filePath: PollerWorld.reference), to: directory)
            defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
            try Data("tfn,resporg,cic,status,ring_to\n800,A,B,C,D\n".utf8).write(
                to: directory.appending(path: "resporg.csv"))
            let faults = await #expect(throws: FileFaults.self) { try await world.load(directory: directory.path) }
            #expect(faults?.description.hasSuffix("resporg.csv:2: tfn '800' is not 10 digits") == true)
            let loads = try await world.count("SELECT count(*) FROM billing.reference_loads")
            #expect(loads == 0)
        }
    }

    @Test("a load that fails half-way leaves nothing in force")
    func atomic() async throws {
        try await PollerWorld.with { world in
            try await world.admin.execute("REVOKE INSERT ON billing.sku_map FROM warp_poller")
            await #expect(throws: PostgresError.self) { try await world.load(directory: PollerWorld.reference) }
            let version = try await world.count("SELECT max(version) FROM billing.reference_versions")
            #expect(version == 1)
            let loads = try await world.count("SELECT count(*) FROM billing.reference_loads")
            #expect(loads == 26)
        }
    }

    private static func apiPlan(rate: String) -> String {
        """
        {"id":"own-api","name":"Own","type":"api","customer_id":"00000000-0000-4000-8000-000000000001",
         "effective_date":"2024-01-01","rates":{"schema":"api/1","per_query":{"LRN":"\(rate)"}}}
        """
    }
}
