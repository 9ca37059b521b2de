import Core
import DaemonKit
import Drivers
import Foundation
import Reference
import TestSupport
import Testing

@testable import Poller
@testable import Sandbox

@Suite("Dips of a portability service", .needsPostgres, .serialized)
struct DipTests {
    @Test("the answer of the service routes a call, is stored with its cost, and is the record's evidence (E2)")
    func answered() async throws {
        try await DipWorld.with { world, service in
            try await service.port("3122005555", to: "2126001111")
            let parts = world.parts(dips: service.settings)
            try await parts.pipeline.handle(
                try await world.add(.call, [Sample.call("u1"), Sample.call("u2", to: "3122005556")]))
            let rated = try await world.texts(
                "SELECT dni_lrn || ' ' || dni_lrn_source FROM billing.rated_cdr ORDER BY sip_uuid")
            #expect(rated == ["2126001111 dip", "3122005556 dip"])
            let stored = try await world.texts(
                """
                SELECT number || ' ' || answer || ' ' || coalesce(lrn, '-') || ' ' || cost FROM billing.lrn_dips
                ORDER BY number
                """)
            #expect(stored == ["3122005555 ported 2126001111 0.0004000", "3122005556 not_ported - 0.0004000"])
            let metrics = parts.pipeline.loop.metrics
            #expect(metrics.value(.pollerLRNDips, "ported") == 1)
            #expect(metrics.value(.pollerLRNCost) == 800)
        }
    }

    @Test("a thousand calls to fifty numbers make fifty dips, and none more when they are delivered again or swept")
    func onceEach() async throws {
        try await DipWorld.with { world, service in
            let parts = world.parts(dips: service.settings)
            let calls = (0..<1_000).map { Sample.call("u\($0)", to: "31220055\($0 % 50 + 10)") }
            let spans = try await world.add(.call, calls)
            try await parts.pipeline.handle(spans)
            try await parts.pipeline.handle(spans)
            try await world.sweep(parts)
            let rated = try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE dni_lrn_source = 'dip'")
            #expect(rated == 1_000)
            #expect(service.asked == 50)
            let paid = try await world.count("SELECT (sum(cost) * 10000)::int FROM billing.lrn_dips")
            #expect(paid == 50 * 4)
            #expect(parts.pipeline.loop.metrics.value(.pollerLRNCacheHits) == 950)
        }
    }

    @Test("a call whose commit fails after its dip is rated by the stored answer, in another process too")
    func crash() async throws {
        try await DipWorld.with { world, service in
            try await service.port("3122005555", to: "2126001111")
            struct Crash: Failure {
                var reason: String { "crash" }
                var isTransient: Bool { true }
            }
            let spans = try await world.add(.call, [Sample.call("u1")])
            let crashing = world.parts(commit: { _, _, _ in throw Crash() }, dips: service.settings)
            await #expect(throws: Crash.self) { try await crashing.pipeline.handle(spans) }
            #expect(service.asked == 1)

            try await service.port("3122005555", to: "3122009999")
            try await world.parts(dips: service.settings).pipeline.handle(spans)
            let lrns = try await world.texts("SELECT dni_lrn FROM billing.rated_cdr")
            #expect(lrns == ["2126001111"])
            #expect(service.asked == 1)
        }
    }

    @Test("a call without an answer waits in a row with lrn-timeout, others go on, and the answer that comes is used")
    func waits() async throws {
        try await DipWorld.with { world, service in
            let parts = world.parts(dips: service.settings)
            try await service.fail(with: 503)
            let spans = try await world.add(
                .call, [Sample.call("u1"), Sample.call("u2", to: "+442079460000"), Sample.call("u3", ban: "NOBODY")])
            try await world.add(.attempt, [Sample.attempt("u1")])
            try await parts.pipeline.handle(spans)
            try await world.sweep(parts)
            let waiting = try await world.texts(
                """
                SELECT natural_key || ' ' || array_to_string(flags, ',') FROM billing.unrated_usage
                WHERE status = 'waiting' AND kind = 'raw_cdr' ORDER BY 1
                """)
            #expect(waiting == ["u1 lrn-timeout", "u3 lrn-timeout"])
            let others = try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE sip_uuid = 'u2'")
            #expect(
                others
                    + (try await world.count(
                        "SELECT count(*) FROM billing.unrated_usage WHERE natural_key = 'u2' AND status = 'unrated'"))
                    == 1)
            #expect(try await world.difference(parts) == 0)

            try await service.recover()
            try await parts.tick.retryParked()
            let early = try await world.count("SELECT count(*) FROM billing.rated_cdr WHERE sip_uuid = 'u1'")
            #expect(early == 0)
            world.clock.advance(seconds: 60)
            try await parts.tick.retryParked()
            let sources = try await world.texts("SELECT dni_lrn_source FROM billing.rated_cdr WHERE sip_uuid = 'u1'")
            #expect(sources == ["dip"])
            let attempts = try await world.count(
                "SELECT count(*) FROM billing.vendor_cdr WHERE customer_cdr_id IS NOT NULL")
            #expect(attempts == 1)
            let held = try await world.texts(
                "SELECT natural_key FROM billing.unrated_usage WHERE status = 'held' AND resolved_at IS NULL")
            #expect(held == ["u3"])
            #expect(try await world.difference(parts) == 0)
        }
    }

    @Test("after fifteen minutes without an answer a call is rated by its own number, flagged LRN_TIMEOUT")
    func timesOut() async throws {
        try await DipWorld.with { world, service in
            let parts = world.parts(dips: service.settings)
            try await service.fail(with: 500)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            try await parts.pipeline.handle(try await world.add(.attempt, [Sample.attempt("u1")]))
            for _ in 1...14 {
                world.clock.advance(seconds: 60)
                try await world.sweep(parts)
                try await parts.tick.retryParked()
            }
            let early = try await world.count("SELECT count(*) FROM billing.rated_cdr")
            #expect(early == 0)
            world.clock.advance(seconds: 60)
            try await world.sweep(parts)
            try await parts.tick.retryParked()
            let rated = try await world.texts(
                "SELECT dni_lrn || ' ' || dni_lrn_source || ' ' || array_to_string(flags, ',') FROM billing.rated_cdr")
            #expect(rated == ["3122005555 self LRN_TIMEOUT"])
            let attempts = try await world.texts("SELECT array_to_string(flags, ',') FROM billing.vendor_cdr")
            #expect(attempts == [""])
            let stored = try await world.texts("SELECT answer FROM billing.lrn_dips")
            #expect(stored == ["timed_out"])
            #expect(try await world.difference(parts) == 0)
        }
    }

    @Test("a service that is slow or away is left alone after a few failures: a batch does not wait for each number")
    func away() async throws {
        try await DipWorld.with { world, service in
            var settings = service.settings
            settings.deadline = .milliseconds(100)
            let parts = world.parts(dips: settings)
            try await service.delay(milliseconds: 1_000)
            let start = ContinuousClock.now
            try await parts.pipeline.handle(
                try await world.add(.call, (0..<500).map { Sample.call("u\($0)", to: "3122005\(100 + $0)") }))
            #expect(ContinuousClock.now - start < .seconds(10))
            let waiting = try await world.count("SELECT count(*) FROM billing.unrated_usage WHERE status = 'waiting'")
            #expect(waiting == 500)
            #expect(service.asked < 20)
        }
    }

    @Test("a call that stays unrated is rated by its first answer when a new version comes: it is not asked again")
    func unrated() async throws {
        try await DipWorld.with { world, service in
            var settings = service.settings
            settings.cacheSeconds = 0
            let parts = world.parts(dips: settings)
            try await service.fail(with: 503)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            world.clock.advance(seconds: 900)
            try await parts.tick.retryParked()
            let held = try await world.texts("SELECT array_to_string(flags, ',') FROM billing.unrated_usage")
            #expect(held == ["LRN_TIMEOUT,UNKNOWN_CUSTOMER"])
            try await service.recover()
            let before = service.asked
            try await world.addCustomer("00000000-0000-4000-8000-0000000000aa", ban: "NOBODY")
            try await parts.pipeline.reference.refresh()
            let places = try await world.admin.query(
                "SELECT raw_day, raw_seq FROM billing.unrated_usage WHERE status = 'held'")
            let rows = try await parts.pipeline.reader.rows(
                of: .call, at: try places.map { (day: try $0.value("raw_day"), number: try $0.value("raw_seq")) })
            try await parts.retry.release(rows)
            let flags = try await world.texts(
                "SELECT array_to_string(flags, ',') FROM billing.rated_cdr WHERE sip_uuid = 'u1'")
            #expect(flags.allSatisfy { $0.contains("LRN_TIMEOUT") })
            #expect(flags.count == 1)
            #expect(service.asked == before)
        }
    }

    @Test("a call whose number was corrected is asked about anew, and rated by the answer to its own number")
    func corrected() async throws {
        try await DipWorld.with { world, service in
            try await service.port("3122005555", to: "2126001111")
            try await service.port("3122005556", to: "2126002222")
            let parts = world.parts(dips: service.settings)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1", ban: "NOBODY")]))
            let orders = ParkedOrders(retry: parts.retry)
            _ = try await orders.fix(
                "u1", set: [FieldSetting("customer_ban", "BAN001"), FieldSetting("dni", "3122005556")], because: "r",
                by: "ada")
            _ = try await orders.release("u1", by: "ada")
            #expect(try await world.texts("SELECT dni_lrn FROM billing.rated_cdr") == ["2126002222"])
            #expect(service.asked == 2)
            let day = PollerWorld.start.usageDay
            let dips = try await world.pool.withTransaction(readOnly: true) { transaction in
                var dips: [LRNAnswer?] = []
                try StandingUsage.forEach(.call, on: day, of: RerateScope(days: day...day), in: transaction) {
                    dips += $0.map(\.dip)
                }
                return dips
            }
            #expect(dips == [.ported(NationalNumber(digits: 2_126_002_222))])
        }
    }

    @Test("a refused token is an alarm; the calls wait as for a service that is away")
    func refused() async throws {
        try await DipWorld.with { world, service in
            var settings = service.settings
            settings.token = "wrong"
            let parts = world.parts(dips: settings)
            try await parts.pipeline.handle(try await world.add(.call, [Sample.call("u1")]))
            #expect(parts.pipeline.loop.metrics.value(.pollerLRNRefused) == 1)
            #expect(parts.pipeline.loop.metrics.value(.pollerLRNDips, "lrn-refused") == 1)
            let waiting = try await world.count("SELECT count(*) FROM billing.unrated_usage WHERE status = 'waiting'")
            #expect(waiting == 1)
        }
    }

    @Test("an answer says ported with a routing number, or not ported, of the number asked; anything else is none")
    func answers() throws {
        let number = NationalNumber(digits: 3_122_005_555)
        func read(_ text: String) throws -> LRNAnswer { try LRNService.answer(in: Array(text.utf8), about: number) }
        #expect(
            try read(#"{"number":"3122005555","lrn":"2126001111","ported":true}"#)
                == .ported(NationalNumber(digits: 2_126_001_111)))
        #expect(try read(#"{"number":"3122005555","lrn":"3122005555","ported":false}"#) == .notPorted)
        for text in [
            "{", "[]", #"{"number":"3122005556","ported":false}"#, #"{"number":"3122005555"}"#,
            #"{"number":"3122005555","ported":true}"#, #"{"number":"3122005555","ported":true,"lrn":"12"}"#,
        ] {
            #expect(throws: LRNError.self) { try read(text) }
        }
    }

    @Test("the cache forgets an answer after its seconds, and the oldest when it is full")
    func cache() {
        let start = PollerWorld.start
        var cache = LRNCache(seconds: 60, numbers: 10)
        let numbers = (0..<100).map { NationalNumber(digits: 3_122_005_000 + UInt64($0)) }
        for number in numbers { cache.keep(.notPorted, about: number, at: start) }
        #expect(cache.count <= 10)
        #expect(cache.answer(about: numbers[99], at: start.advanced(seconds: 59)) == .notPorted)
        #expect(cache.answer(about: numbers[99], at: start.advanced(seconds: 60)) == nil)
        #expect(cache.answer(about: numbers[0], at: start) == nil)
    }
}

/// How a test's poller reaches the service.
struct DipSettings: Sendable {
    var url: String
    var token = "sandbox-lrn-token"
    var deadline = Duration.seconds(2)
    var cacheSeconds = 3_600

    func dips(store: LRNDipStore, loop: Loop) -> LRNDips {
        LRNDips(
            services: (0..<4).map { _ in LRNService(url: url, token: Secret(token), deadline: deadline) }, store: store,
            cache: LRNCache(seconds: cacheSeconds, numbers: 1_000), costPerDip: Money(units: 4_000), loop: loop)
    }
}

/// A world with a stand-in of the service beside it.
enum DipWorld {
    static func with(_ body: @escaping @Sendable (PollerWorld, StoodInService) async throws -> Void) async throws {
        let server = SandboxServer()
        try await server.withRunning { base in
            try await PollerWorld.with { world in
                try await body(world, StoodInService(base: base, server: server))
            }
        }
    }
}

/// The stand-in as tests order it about.
struct StoodInService: Sendable {
    let base: String
    let server: SandboxServer
    private let client = HTTPClient()

    init(base: String, server: SandboxServer) {
        self.base = base
        self.server = server
    }

    var settings: DipSettings { DipSettings(url: base + LRNDipService.path) }
    var asked: Int { server.traffic.requests(of: "lrn").count }

    func port(_ number: String, to lrn: String) async throws {
        let answer = try await client.send(
            HTTPClientRequest(
                .post, base + "/_control/lrn/ports", body: Array(#"{"number":"\#(number)","lrn":"\#(lrn)"}"#.utf8),
                connectTimeout: .seconds(2), totalTimeout: .seconds(5)))
        #expect(answer.status == 204)
    }

    func fail(with status: Int) async throws {
        server.traffic.order(FaultOrder(service: "lrn", kind: .serverError, status: status))
    }

    func delay(milliseconds: Int) async throws {
        server.traffic.order(FaultOrder(service: "lrn", kind: .delay, milliseconds: milliseconds))
    }

    func recover() async throws { server.traffic.withdrawOrders() }
}

extension PollerWorld {
    /// Records of which nothing is known.
    fileprivate func difference(_ parts: PollerWorld.Parts) async throws -> Int {
        try await PollerGauges(pool: pool, parked: parts.retry.parked, metrics: PrometheusRegistry())
            .conservationDifference(now: now)
    }
}
