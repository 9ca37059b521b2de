import Core
import DaemonKit
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

@Suite("Calls while PostgreSQL is away", .needsServices)
struct ExposureTests {
    @Test("there is no exposure unless it is configured, and it needs a journal")
    func configuration() throws {
        let check = ConfigCheck(keys: WalletCommand.daemon.keys)
        func config(_ values: [String: String]) -> Config? {
            if case .checked(let config) = check.read(values: values) { config } else { nil }
        }
        let plain = try #require(config([:]))
        #expect(Exposure(plain) == nil)
        let set = try #require(config(["holds.exposure": "5.00", "holds.journalDirectory": "journal"]))
        #expect(Exposure(set)?.limit == (try Money(parsing: "5")))
        #expect(config(["holds.exposure": "5.00"]) == nil)
        #expect(config(["holds.exposure": "5.001", "holds.journalDirectory": "journal"]) == nil)
        #expect(config(["holds.exposure": "-1", "holds.journalDirectory": "journal"]) == nil)
        #expect(config(["cache.refreshSeconds": "60", "cache.expirySeconds": "119"]) == nil)
    }

    @Test("five dollars of exposure are granted to the cent and no further, to each customer")
    func limit() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            let postpaid = WalletWorld.postpaid
            // A cent a second: 3.0000 for five minutes, then 2.0000 for what is left.
            #expect(try await here.ask(one, .authorize("a", postpaid, rate: "0.6000")) == .granted(299))
            #expect(try await here.ask(one, .authorize("b", postpaid, rate: "0.6000")) == .granted(199))
            #expect(try await here.ask(one, .authorize("c", postpaid, rate: "0.6000")) == .refused("EXPOSURE_USED"))
            // One dollar is there: a hundred seconds.
            #expect(try await here.ask(one, .authorize("d", rate: "0.6000")) == .granted(99))
            #expect(try await here.ask(one, .authorize("e", rate: "0.6000")) == .refused("INSUFFICIENT_FUNDS"))
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(
                try await here.states() == ["a open 3.0000 300", "b open 2.0000 200", "d open 1.0000 100"])
            #expect(try await here.held(postpaid) == "5.0000")
            #expect(try await here.held(WalletWorld.prepaid) == "1.0000")
            // Everything promised is in the wallets, and PostgreSQL is asked again.
            #expect(try await here.ask(one, .authorize("f", postpaid, rate: "0.6000")) == .granted(299))
            #expect(try await here.held(postpaid) == "8.0000")
        }
    }

    @Test("a repeat gets the same answer and is promised once; another question of the name is refused")
    func repeats() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            for _ in 1...3 {
                #expect(try await here.ask(one, .authorize("a", rate: "0.1800")) == .granted(299))
            }
            #expect(try await here.ask(one, .authorize("a", rate: "0.1800", to: "other")) == .refused("HOLD_EXISTS"))
            #expect(try await here.ask(one, .authorize("b", rate: "0.1800")) == .granted(32))
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(try await here.states() == ["a open 0.9000 300", "b open 0.0990 33"])
        }
    }

    @Test("a call is extended and ends while PostgreSQL is away; what it did not use can be promised again")
    func walk() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            let postpaid = WalletWorld.postpaid
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a", postpaid, rate: "0.6000")) == .granted(299))
            #expect(try await here.ask(one, .extend("a")) == .granted(499))
            #expect(try await here.ask(one, .extend("a")) == .refused("EXPOSURE_USED"))
            #expect(try await here.ask(one, .end("a", 60)) == .granted(nil))
            #expect(try await here.ask(one, .extend("a")) == .refused("NO_HOLD"))
            // 4.4000 are left.
            #expect(try await here.ask(one, .authorize("b", postpaid, rate: "0.6000")) == .granted(299))
            #expect(try await here.ask(one, .end("b", 0)) == .granted(nil))
            #expect(try await here.ask(one, .end("b", 0)) == .refused("NO_HOLD"))
            #expect(try await here.ask(one, .authorize("c", postpaid, rate: "0.8800")) == .granted(299))
            #expect(try await here.ask(one, .authorize("d", postpaid, rate: "0.6000")) == .refused("EXPOSURE_USED"))
            #expect(try await here.ask(one, .extend("x")) == .refused("NO_HOLD"))
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(
                try await here.states() == ["a ended 0.6000 500", "b released 3.0000 300", "c open 4.4000 300"])
            #expect(try await here.held(postpaid) == "5.0000")
        }
    }

    @Test("a call that began before goes on and ends, also at an instance that did not grant it")
    func before() async throws {
        try await ExposureWorld.with { here async throws in
            let (one, two) = (try await here.readyInstance("1"), try await here.readyInstance("2"))
            #expect(try await here.ask(one, .authorize("a")) == .granted(299))
            #expect(try await here.ask(one, .authorize("b")) == .granted(299))
            here.postgres.cut()
            #expect(try await here.ask(one, .extend("a")) == .granted(599))
            #expect(try await here.ask(one, .end("a", 400)) == .granted(nil))
            #expect(try await here.ask(two, .end("b", 60)) == .granted(nil))
            #expect(try await here.ask(two, .end("unheard-of", 60)) == .granted(nil))
            try here.postgres.restore()
            try await one.drain.drainOwn()
            try await two.drain.drainOwn()
            #expect(try await here.states() == ["a ended 0.0667 600", "b ended 0.0100 300"])
            #expect(try await here.held(WalletWorld.prepaid) == "0.0767")
        }
    }

    @Test("what was promised is held also where the wallet no longer covers it")
    func uncovered() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a", rate: "0.2000")) == .granted(299))
            // For this one PostgreSQL was there.
            #expect(try await here.world.ask(.authorize("b", rate: "0.2000")) == .granted(299))
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(try await here.held(WalletWorld.prepaid) == "2.0000")
        }
    }

    @Test("killed between its commit and the end of its journal, it posts nothing twice in its next life")
    func killed() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            for question: WalletWorld.Question in [
                .authorize("a"), .extend("a"), .end("a", 400), .authorize("b"), .authorize("c"), .end("c", 0),
            ] {
                #expect(try await here.ask(one, question).isAllowed)
            }
            try here.postgres.restore()
            let part = try #require(try await one.promises.journal.next(upTo: .max))
            let entries = part.entries.compactMap(PromiseEntry.init)
            #expect(entries.count == 6)
            #expect(try await one.desk.book.adopt(entries, at: here.world.noon).posted == 6)
            await one.promises.journal.close()
            // Meanwhile the usage record of the call that ended captures its hold.
            try await here.world.addCall(WalletWorld.prepaid, charge: "0.06667", call: "a")
            try await here.world.post()
            let expected = ["a captured 0.0667 600", "b open 0.0500 300", "c released 0.0500 300"]
            #expect(try await here.states() == expected)

            let next = try here.instance()
            // What its earlier life promised counts, and it does not know how much that is.
            #expect(!next.promises.isArmed)
            try await next.drain.drainOwn()
            #expect(next.promises.isArmed)
            #expect(try await here.states() == expected)
            #expect(try await here.held(WalletWorld.prepaid) == "0.0500")
            #expect(next.promises.journal.load.isEmpty)
        }
    }

    @Test("an instance that has not posted what its earlier life promised grants nothing")
    func unarmed() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a")).isAllowed)
            await one.promises.journal.close()
            let next = try here.instance()
            await #expect(throws: PostgresError.self) { _ = try await here.ask(next, .authorize("b")) }
        }
    }

    @Test("another instance posts the promises of one that is gone, and leaves alone those of one that lives")
    func orphans() async throws {
        try await ExposureWorld.with { here async throws in
            let (one, two) = (try await here.readyInstance("1"), try await here.readyInstance("2"))
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a")) == .granted(299))
            try here.postgres.restore()
            try await two.drain.drainOthers()
            #expect(try await here.states().isEmpty)
            await one.promises.journal.close()
            try await two.drain.drainOthers()
            #expect(try await here.states() == ["a open 0.0500 300"])
            #expect(try await here.held(WalletWorld.prepaid) == "0.0500")
        }
    }

    @Test("a call whose usage was charged before its promise was posted holds nothing")
    func chargedFirst() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a")).isAllowed)
            #expect(try await here.ask(one, .end("a", 60)).isAllowed)
            try await here.world.addCall(WalletWorld.prepaid, charge: "0.01000", call: "a")
            try await here.world.post()
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(try await here.states() == ["a captured 0.0500 300"])
            #expect(try await here.held(WalletWorld.prepaid) == "0.0000")
            #expect(try await here.world.amounts(WalletWorld.prepaid) == "0.9900 0.0000 0.00000 0.00")
        }
    }

    @Test("a hold that expired while its call was extended is there again")
    func expiredMeanwhile() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance()
            #expect(try await here.ask(one, .authorize("a")) == .granted(299))
            here.postgres.cut()
            #expect(try await here.ask(one, .extend("a")) == .granted(599))
            // Another instance reached PostgreSQL first, and knew of no extension.
            let late = here.world.noon.advanced(seconds: 601)
            _ = try await here.world.book.expire(at: late)
            #expect(try await here.held(WalletWorld.prepaid) == "0.0000")
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(try await here.states() == ["a open 0.1000 600"])
            #expect(try await here.held(WalletWorld.prepaid) == "0.1000")
        }
    }

    @Test("a wallet that nobody here has seen is looked up in Redis, and refused where nobody has")
    func fromRedis() async throws {
        try await ExposureWorld.with { here async throws in
            let one = try await here.readyInstance("1")
            let two = try here.instance("2")
            try await two.drain.drainOwn()
            here.postgres.cut()
            let prepaid = WalletWorld.prepaid
            #expect(
                try await here.ask(two, .authorize("a", prepaid, rate: "0.6000"), account: "BAN1") == .granted(99))
            // BAN3 is another customer's.
            #expect(
                try await here.ask(two, .authorize("b", WalletWorld.hybrid), account: "BAN3")
                    == .refused("BALANCE_UNKNOWN"))
            #expect(try await here.ask(two, .authorize("c", WalletWorld.hybrid)) == .refused("BALANCE_UNKNOWN"))
            #expect(try await here.ask(one, .authorize("d", WalletWorld.hybrid)).isAllowed)
        }
    }

    @Test("a suspended wallet is promised nothing")
    func suspended() async throws {
        try await ExposureWorld.with { here async throws in
            try await here.world.admin.execute(
                "UPDATE billing.wallets SET blocked = true WHERE customer_id = \(WalletWorld.postpaid)")
            let one = try await here.readyInstance()
            here.postgres.cut()
            #expect(try await here.ask(one, .authorize("a", WalletWorld.postpaid)) == .refused("SUSPENDED"))
        }
    }

    @Test("a PostgreSQL that is silent is given up after the patience, and left alone for a while")
    func frozen() async throws {
        try await ExposureWorld.with { here async throws in
            var one = try await here.readyInstance()
            one = ExposureWorld.Instance(
                cache: one.cache,
                desk: HoldDesk(
                    book: one.desk.book, promises: one.promises, patience: .milliseconds(50), logger: one.desk.logger),
                drain: one.drain)
            here.postgres.freeze()
            #expect(try await here.ask(one, .authorize("a")) == .granted(299))
            #expect(one.promises.answers)
            #expect(try await here.ask(one, .authorize("b")) == .granted(299))
            here.postgres.cut()
            try here.postgres.restore()
            try await one.drain.drainOwn()
            #expect(!one.promises.answers)
            #expect(try await here.states() == ["a open 0.0500 300", "b open 0.0500 300"])
            #expect(try await here.held(WalletWorld.prepaid) == "0.1000")
        }
    }

    @Test("random questions through random outages: each wallet's holds are the sum of its open ones")
    func random() async throws {
        try await ExposureWorld.with { here async throws in
            var random = SeededGenerator(property: 20_261_124)
            let customers = [WalletWorld.prepaid, WalletWorld.hybrid, WalletWorld.postpaid]
            let instances = [try await here.readyInstance("1"), try await here.readyInstance("2")]
            for turn in 0..<120 {
                if turn % 20 == 7 { here.postgres.cut() }
                if turn % 20 == 15 { try here.postgres.restore() }
                let instance = instances[Int.random(in: 0...1, using: &random)]
                let name = "r\(Int.random(in: 0..<30, using: &random))"
                let customer = customers[Int.random(in: 0..<3, using: &random)]
                switch Int.random(in: 0..<5, using: &random) {
                case 0: _ = try await here.ask(instance, .extend(name))
                case 1: _ = try await here.ask(instance, .end(name, Int.random(in: 0...400, using: &random)))
                default:
                    let rate = "0.0\(Int.random(in: 1...9, using: &random))"
                    _ = try await here.ask(instance, .authorize(name, customer, rate: rate))
                }
                if turn % 20 == 18 { for instance in instances { try await instance.drain.drainOwn() } }
            }
            for instance in instances {
                try await instance.drain.drainOwn()
                #expect(instance.promises.journal.load.isEmpty)
            }
            let wrong = try await here.world.texts(
                """
                SELECT w.customer_id::text FROM billing.wallets AS w
                WHERE w.held <> (SELECT coalesce(sum(h.amount), 0) FROM billing.holds AS h
                                 WHERE h.customer_id = w.customer_id AND h.state IN ('open', 'ended'))
                """)
            #expect(wrong.isEmpty)
            let count = try await here.states().count
            #expect(count > 10)
        }
    }

    @Test(
        "a running wallet grants on the exposure while PostgreSQL is away, and without one refuses as ever",
        arguments: ["0.00", "5.00"])
    func running(exposure: String) async throws {
        try await ExposureWorld.with { here async throws in
            try await here.world.loadReference()
            try await here.world.admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, created_at)
                VALUES (\(Digest.sha256("key-of-kamailio")), 'kamailio', 'service', \(here.world.noon))
                """)
            let values = here.world.database.settings().merging([
                "postgres.user": "warp_wallet", "postgres.host": here.postgres.directory, "postgres.port": "5432",
                "redis.keyPrefix": here.prefix, "holds.exposure": exposure, "holds.journalDirectory": here.root,
                "sweep.intervalSeconds": "1",
            ]) { $1 }
            try await withDaemon(WalletCommand.daemon, values: values, build: WalletCommand.build) { wallet in
                try await Self.walk(here, wallet, isExposed: exposure != "0.00")
            }
        }
    }

    private static func walk(_ here: ExposureWorld, _ wallet: RunningDaemon, isExposed: Bool) async throws {
        let path = "/internal/v1/authorizations"
        func call(_ name: String) -> String {
            #"{"sip_uuid":"\#(name)","customer_ban":"BAN1","ani":"2126001111","dni":"3122005555","direction":"terminating"}"#
        }
        let first = try await wallet.post(path, call("u1"), token: "key-of-kamailio")
        #expect(first.text == #"{"allow":true,"max_seconds":299,"reason":"ok","hold_id":"u1"}"#)
        // The balances are in Redis once the first walk is over; the journal was seen empty by then, too.
        let redis = RedisConnection(try Services.redis())
        try await eventually("the balance in Redis") {
            try await redis.command(["GET", RedisArgument(here.prefix + "balance:BAN1")]).bytes != nil
        }
        await redis.close()
        try await Task.sleep(for: .milliseconds(300))
        here.postgres.cut()
        let second = try await wallet.post(path, call("u2"), token: "key-of-kamailio")
        guard isExposed else {
            #expect(second.status == 503)
            return
        }
        #expect(second.text == #"{"allow":true,"max_seconds":299,"reason":"ok","hold_id":"u2"}"#)
        let more = try await wallet.post(path + "/extend", #"{"sip_uuid":"u1"}"#, token: "key-of-kamailio")
        #expect(more.text == #"{"allow":true,"max_seconds":599,"reason":"ok","hold_id":"u1"}"#)
        try here.postgres.restore()
        try await eventually("the promises") {
            try await here.world.texts(
                "SELECT concat_ws(' ', sip_uuid, state, reserve_seconds) FROM billing.holds ORDER BY sip_uuid"
            ) == ["u1 open 600", "u2 open 300"]
        }
    }
}
