import Core
import DaemonKit
import Drivers
import Foundation
import LiveReference
import Reference
import TestSupport
import Testing

@testable import Poller

@Suite("Shadow rating", .needsPostgres, .serialized)
struct ShadowTests {
    @Test("live usage is rated by a second plan, once, apart from what is billed")
    func live() async throws {
        try await PollerWorld.with { world in
            let pipeline = world.parts().pipeline
            try await pipeline.handle(try await world.add(.call, [Sample.call("before")]))
            let store = try await world.shadow("offer")
            try await pipeline.handle(
                try await world.add(.call, [Sample.call("u1"), Sample.call("u2"), Sample.call("u3", ban: "BAN002")]))
            let billed = try await world.texts("SELECT charge::text FROM billing.rated_cdr ORDER BY sip_uuid")
            let shadow = world.shadowRating
            #expect(try await shadow.run() == 2)
            #expect(try await shadow.run() == 0)

            let report = try await ShadowReport.read(try await store.plan(named: "offer"), nil, from: world.pool)
            #expect(report.unpriced == 0)
            #expect(report.total.records == 2)
            #expect(report.total.before.text(.charge) == "0.01424")
            #expect(report.total.difference.text(.charge) == "0.02976")
            #expect(report.classes.map { $0.name } == ["TERMINATING:DOMESTIC:INTERSTATE"])
            #expect(try await world.texts("SELECT charge::text FROM billing.rated_cdr ORDER BY sip_uuid") == billed)
            #expect(try await world.count("SELECT sum(count) FROM billing.rated_spans") == 4)
        }
    }

    @Test("a stopped plan rates no more, and two plans do not disturb each other")
    func stopped() async throws {
        try await PollerWorld.with { world in
            let pipeline = world.parts().pipeline
            let store = try await world.shadow("one")
            _ = try await world.shadow("two")
            try await pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            #expect(try await world.shadowRating.run() == 2)
            #expect(try await store.stop("one", by: "ada", at: world.now))
            #expect(try await store.stop("one", by: "ada", at: world.now) == false)
            try await pipeline.handle(try await world.add(.call, [Sample.call("u2")]))
            #expect(try await world.shadowRating.run() == 1)
            let one = try await ShadowReport.read(try await store.plan(named: "one"), nil, from: world.pool)
            let two = try await ShadowReport.read(try await store.plan(named: "two"), nil, from: world.pool)
            #expect(one.total.records == 1)
            #expect(two.total.records == 2)
            #expect(
                try await world.texts("SELECT action || ' ' || subject FROM billing.poller_audit ORDER BY id").suffix(3)
                    == ["shadow-start one", "shadow-start two", "shadow-stop one"])
        }
    }

    @Test("what was rated before a plan was stopped is still rated by it, and nothing after")
    func stoppedWithRest() async throws {
        try await PollerWorld.with { world in
            let pipeline = world.parts().pipeline
            let store = try await world.shadow("one")
            try await pipeline.handle(try await world.add(.call, [Sample.call("u1"), Sample.call("u2")]))
            #expect(try await store.stop("one", by: "ada", at: world.now))
            try await pipeline.handle(try await world.add(.call, [Sample.call("u3")]))
            #expect(try await world.shadowRating.run() == 2)
            #expect(try await world.shadowRating.run() == 0)
            #expect(try await store.plans(unfinished: true).isEmpty)
        }
    }

    @Test("names are not used twice, and an unknown one is told")
    func refused() async throws {
        try await PollerWorld.with { world in
            let store = try await world.shadow("offer")
            await #expect(throws: ShadowRefusal.self) { _ = try await world.shadow("offer") }
            await #expect(throws: ShadowRefusal.self) { _ = try await store.plan(named: "other") }
        }
    }
}

extension PollerWorld {
    fileprivate var shadowRating: ShadowRating {
        let now = now.milliseconds
        return ShadowRating(pool: pool, reference: CurrentReference(pool: pool), clock: Clock { now })
    }

    /// Starts a shadow plan for BAN001.
    fileprivate func shadow(_ name: String) async throws -> ShadowPlanStore {
        let store = ShadowPlanStore(pool: pool)
        try await store.start(
            name, try JSONValue(parsing: Array(RerateTests.dearerPlan.utf8)), for: try BAN(parsing: "BAN001"),
            by: "ada",
            at: now)
        return store
    }
}
