import Core
import DaemonKit
import Drivers
import Logging
import ServiceLifecycle

/// Posts promises, the oldest first: the instance's own, and those of instances that are gone.
struct PromiseDrain: Service {
    let promises: PromiseBook
    let book: HoldBook
    let known: KnownHolds
    /// Where all instances' journals lie, each in a directory of the instance's name.
    let root: String
    let loop: Loop

    /// Bytes of entries that one transaction posts, about a thousand.
    private static let batchBytes = 512 << 10
    /// So few entries are posted while those who ask wait for it.
    private static let lastEntries = 100
    /// How often it looks whether something waits.
    private static let pause: Duration = .milliseconds(200)
    /// How often it looks for journals that nobody has, and forgets calls that are over.
    private static let orphanPause: Duration = .seconds(1)

    func run() async throws {
        let worker = loop.watchdog.register("promises")
        defer { worker.done() }
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(2))
        var lastLook = ContinuousClock.now - PromiseDrain.orphanPause
        while !isStopping {
            do {
                try await worker.running(upTo: .seconds(120)) { try await drainOwn() }
                if lastLook.duration(to: .now) >= PromiseDrain.orphanPause {
                    try await worker.running(upTo: .seconds(120)) { try await drainOthers() }
                    known.forgetExpired(at: now)
                    lastLook = .now
                }
                backoff.reset()
                await worker.waiting(upTo: PromiseDrain.pause) { await pauseUnlessStopping(PromiseDrain.pause) }
            } catch {
                if isStopping { break }
                await promises.show()
                loop.logger.warning(
                    "Promises wait",
                    metadata: [
                        "failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)",
                        "journal.bytes": "\(promises.journal.load.bytes)",
                    ])
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
        await promises.journal.close()
    }

    /// Posts what the instance itself has promised.
    func drainOwn() async throws {
        // Only a PostgreSQL that took one part is worth waiting for with the next.
        var isThere = false
        try await drain(promises.journal) { part in
            let isLast = isThere && part.entries.count <= PromiseDrain.lastEntries
            try await promises.post(part, isLast: isLast) { try await post(part.entries, of: promises.journal) }
            isThere = true
        }
        await promises.lookAtJournal()
    }

    /// Posts what instances have promised that are gone, and looks for what was put back into the own journal.
    func drainOthers() async throws {
        _ = try await promises.journal.isSpent()
        for name in try DurableFile.names(in: root).sorted() {
            let path = "\(root)/\(name)"
            guard path != promises.journal.path, !isStopping else { continue }
            let other = SpoolDirectory(path: path, maxBytes: .max)
            do {
                try await other.open()
                if !other.load.isEmpty {
                    loop.logger.notice("Posting another instance's promises", metadata: ["journal.path": "\(path)"])
                }
                try await drain(other) { part in
                    try await post(part.entries, of: other)
                    try await other.drop(part)
                }
                await other.close()
            } catch SpoolDirectory.Refusal.busy {
                // Its instance lives.
            } catch {
                await other.close()
                throw error
            }
        }
    }

    private func drain(
        _ journal: SpoolDirectory, post: (SpoolDirectory.Part) async throws -> Void
    ) async throws {
        do {
            while !isStopping, let part = try await journal.next(upTo: PromiseDrain.batchBytes) {
                if let damage = part.damage {
                    loop.logger.error(
                        "Damage in a journal of promises, kept in a file of its own",
                        metadata: ["spool.copy": "\(damage.file)", "spool.bytes": "\(damage.count)"])
                }
                try await post(part)
                Watchdog.progressed()
            }
        } catch let refusal as SpoolDirectory.Refusal {
            throw PromiseFailure(refusal)
        }
    }

    /// Posts entries together; where one of them breaks the transaction, each alone.
    private func post(_ entries: [[UInt8]], of journal: SpoolDirectory) async throws {
        var readable: [(bytes: [UInt8], entry: PromiseEntry)] = []
        for bytes in entries {
            if let entry = PromiseEntry(bytes) {
                readable.append((bytes, entry))
            } else {
                try await setAside(bytes, of: journal, because: "unreadable")
            }
        }
        guard !readable.isEmpty else { return }
        do {
            report(try await book.adopt(readable.map(\.entry), at: now))
        } catch  where blamesRecord(error) {
            for (bytes, entry) in readable {
                do {
                    report(try await book.adopt([entry], at: now))
                } catch  where blamesRecord(error) {
                    try await setAside(bytes, of: journal, because: FailureFacts(error).reason)
                }
            }
        }
    }

    /// Keeps an entry that cannot be posted for a person, and holds up nobody with it.
    private func setAside(_ bytes: [UInt8], of journal: SpoolDirectory, because reason: String) async throws {
        try await journal.setAside(bytes)
        loop.metrics.increment(.walletPromisesPosted, "aside")
        loop.logger.error(
            "Promise set aside: it cannot be posted",
            metadata: ["journal.path": "\(journal.path)", "failure.reason": "\(reason)"])
    }

    private func report(_ adoption: HoldBook.Adoption) {
        loop.metrics.increment(.walletPromisesPosted, by: adoption.posted, "posted")
        loop.metrics.increment(.walletPromisesPosted, by: adoption.repeats, "repeat")
        loop.metrics.increment(.walletPromisesPosted, by: adoption.taken.count, "taken")
        loop.logger.info("Promises posted", metadata: ["promise.count": "\(adoption.posted)"])
        for call in adoption.taken {
            loop.logger.error(
                "A promised call holds nothing: its name bears another call's hold", metadata: ["hold.id": "\(call)"])
        }
    }

    private var now: Instant { Instant(milliseconds: loop.clock.now()) }
}
