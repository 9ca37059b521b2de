import Core
import DaemonKit
import Drivers
import Logging
import ServiceLifecycle

/// Empties spools into PostgreSQL, the oldest entries first: the instance's own, and those of instances that are gone (M8).
struct SpoolDrain: Service {
    let spool: Spool
    let raw: RawCommit
    let batchBytes: Int
    let loop: Loop

    /// How often it looks whether something waits.
    private static let pause: Duration = .milliseconds(200)
    /// How often it looks for spools that nobody has, and for what an operator put back.
    private static let orphanPause: Duration = .seconds(1)

    init(spool: Spool, raw: RawCommit, context: DaemonContext) {
        self.spool = spool
        self.raw = raw
        batchBytes = context.config[IngestConfig.commitBytes]
        loop = context.loop
    }

    func run() async throws {
        let worker = loop.watchdog.register("spool")
        defer { worker.done() }
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(2))
        var lastLook = ContinuousClock.now - SpoolDrain.orphanPause
        while !isStopping {
            do {
                try await worker.running(upTo: .seconds(120)) { try await drain(spool.directory) }
                if lastLook.duration(to: .now) >= SpoolDrain.orphanPause {
                    try await worker.running(upTo: .seconds(120)) { try await drainOthers() }
                    lastLook = .now
                }
                backoff.reset()
                await pauseUnlessStopping(SpoolDrain.pause)
            } catch {
                if isStopping { break }
                loop.logger.warning(
                    "Spool waits",
                    metadata: [
                        "failure.reason": "\(FailureFacts(error).reason)", "failure.detail": "\(error)",
                        "spool.bytes": "\(spool.directory.load.bytes)",
                    ])
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
        await spool.directory.close()
    }

    /// Empties one spool.
    private func drain(_ directory: SpoolDirectory) async throws {
        do {
            while !isStopping, let part = try await directory.next(upTo: batchBytes) {
                report(part, of: directory)
                try await settle(part.entries, of: directory)
                try await directory.drop(part)
                loop.metrics.set(.ingestSpoolBytes, to: spool.directory.load.bytes)
                Watchdog.progressed()
            }
            loop.metrics.set(.ingestSpoolBytes, to: spool.directory.load.bytes)
        } catch let refusal as SpoolDirectory.Refusal {
            throw SpoolFailure(refusal)
        }
    }

    /// Empties the spools whose instance is gone, and looks for what was put back into the own one.
    private func drainOthers() async throws {
        _ = try await spool.directory.isSpent()
        for name in try DurableFile.names(in: spool.root).sorted() {
            let path = "\(spool.root)/\(name)"
            guard path != spool.directory.path, !isStopping else { continue }
            let other = SpoolDirectory(path: path, maxBytes: .max)
            do {
                try await other.open()
                if !other.load.isEmpty {
                    loop.logger.notice("Draining another instance's spool", metadata: ["spool.path": "\(path)"])
                }
                try await drain(other)
                await other.close()
            } catch SpoolDirectory.Refusal.busy {
                // Its instance lives.
            } catch {
                await other.close()
                throw error
            }
        }
    }

    /// Commits entries. One that can't be stored is set aside for a person: it was acknowledged, so it is kept, and it holds up nobody.
    private func settle(_ entries: [[UInt8]], of directory: SpoolDirectory) async throws {
        var aside: [[UInt8]] = []
        var known: [(entry: [UInt8], submission: Submission)] = []
        for entry in entries {
            if let submission = SpoolEntry.decode(entry) {
                known.append((entry, submission))
            } else {
                aside.append(entry)
            }
        }
        let answers = known.isEmpty ? [] : try await raw.commit(known.map(\.submission))
        for (place, answer) in zip(known, answers) {
            guard case .failure(let error) = answer else { continue }
            guard blamesRecord(error) else { throw error }
            aside.append(place.entry)
        }
        for entry in aside {
            try await directory.setAside(entry)
            loop.metrics.increment(.ingestSpoolAside)
            loop.logger.error(
                "Set aside: it can't be stored; cdr-ingest spool retry puts it back",
                metadata: ["spool.path": "\(directory.path)", "spool.entry_bytes": "\(entry.count)"])
        }
    }

    /// Says what could not be read.
    private func report(_ part: SpoolDirectory.Part, of directory: SpoolDirectory) {
        if let damage = part.damage {
            loop.metrics.increment(.ingestSpoolDamaged, by: damage.count)
            loop.logger.error(
                "Damage in the spool, kept in a file of its own",
                metadata: ["spool.copy": "\(damage.file)", "spool.bytes": "\(damage.count)"])
        }
        if part.tornCount > 0 {
            loop.logger.notice(
                "Torn end of a spool, never acknowledged",
                metadata: ["spool.path": "\(directory.path)", "spool.bytes": "\(part.tornCount)"])
        }
    }
}
