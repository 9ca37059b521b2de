import Drivers

/// What happens to the entries of one read, until each is acknowledged.
struct StreamBatch<Record: Sendable> {
    let consumer: StreamConsumer<Record>
    let reader: StreamReader
    let worker: Watchdog.Worker

    private var loop: Loop { consumer.loop }
    private var stream: String { consumer.stream }
    /// Which record of an entry is being tried alone: what remembers, over a crash, the one that caused it.
    private var tryingKey: String { "\(reader.key):trying:\(consumer.group)" }

    /// Handles and acknowledges everything that was read.
    /// - Throws: `ConsumerStops` when the daemon stops first, `RedisError`.
    func settle(_ delivery: Delivery) async throws {
        let start = ContinuousClock.now
        let isolated = delivery.entries.filter {
            (delivery.deliveries[$0.id] ?? 1) > StreamConsumer<Record>.deliveriesTogether
        }
        let together = delivery.entries.filter { entry in !isolated.contains { $0.id == entry.id } }
        if !together.isEmpty { try await settleTogether(together) }
        for entry in isolated { try await settleAlone(entry) }
        loop.metrics.increment(.streamEntries, by: delivery.entries.count, stream)
        loop.metrics.observe(.streamBatchSeconds, ContinuousClock.now - start, stream)
    }

    private func settleTogether(_ entries: [StreamEntry]) async throws {
        var records: [Record] = []
        for entry in entries { records += try await decoded(entry) }
        if !records.isEmpty { try await settle(records, of: entries.map(\.id)) }
        try await acknowledge(entries)
    }

    /// Record by record; the one that was being tried when the process broke is parked (M5).
    private func settleAlone(_ entry: StreamEntry) async throws {
        let records = try await decoded(entry)
        let field = RedisArgument(entry.id.description)
        let broke = try await reader.connection.command(["HGET", RedisArgument(tryingKey), field]).text.flatMap {
            Int($0)
        }
        for (index, record) in records.enumerated() {
            if index == broke {
                try await parkUntilKept(record, ProcessBreaker(), of: [entry.id])
                continue
            }
            try await reader.connection.command(["HSET", RedisArgument(tryingKey), field, RedisArgument(index)])
            do {
                try await settle([record], of: [entry.id])
            } catch is ConsumerStops {
                // An orderly stop is not the record's fault.
                try await reader.connection.command(["HDEL", RedisArgument(tryingKey), field])
                throw ConsumerStops()
            }
        }
        try await acknowledge([entry])
        try await reader.connection.command(["HDEL", RedisArgument(tryingKey), field])
    }

    /// Handles records: again after a failure that will pass, in halves after one that a record may be to blame for.
    private func settle(_ records: [Record], of ids: [StreamEntryID]) async throws {
        var backoff = Backoff()
        while true {
            do {
                try await worker.waiting(upTo: consumer.handleLimit) { try await consumer.handle(records) }
                return
            } catch {
                if isStopping { throw ConsumerStops() }
                note(error, records.count)
                if blamesRecord(error) && (records.count > 1 || consumer.park != nil) {
                    guard records.count > 1 else { return try await parkUntilKept(records[0], error, of: ids) }
                    let middle = records.count / 2
                    try await settle(Array(records[..<middle]), of: ids)
                    return try await settle(Array(records[middle...]), of: ids)
                }
                try await pause(&backoff, ids)
            }
        }
    }

    private func parkUntilKept(_ record: Record, _ failure: any Error, of ids: [StreamEntryID]) async throws {
        guard let park = consumer.park else { return try await settle([record], of: ids) }
        var backoff = Backoff()
        while true {
            do {
                try await worker.waiting(upTo: consumer.handleLimit) { try await park(record, failure) }
                loop.metrics.increment(.streamParked, stream)
                return
            } catch {
                if isStopping { throw ConsumerStops() }
                note(error, 1)
                try await pause(&backoff, ids)
            }
        }
    }

    /// The records of an entry; none of one that cannot be read, which then lies in the dead stream.
    private func decoded(_ entry: StreamEntry) async throws -> [Record] {
        // Trimmed while it was pending: its facts are the sweep's.
        if entry.fields.isEmpty { return [] }
        do {
            guard let type = entry.text("type"), let body = entry.bytes("body") else {
                throw UndecodableEntry(reason: "no-type-or-body")
            }
            return try consumer.decode(
                StreamMessage(
                    entryID: entry.id, id: entry.text("id") ?? "", type: type, at: entry.text("at") ?? "", body: body))
        } catch {
            let facts = FailureFacts(error)
            let reason = facts.reason == "unexpected" ? "\(error)" : facts.reason
            try await reader.streams.add(
                to: "\(reader.key):dead",
                [
                    StreamField("entry", entry.id.description), StreamField("group", consumer.group),
                    StreamField("reason", reason),
                ] + entry.fields,
                bound: .about(100_000))
            loop.metrics.increment(.streamDead, stream)
            loop.logger.error(
                "Entry cannot be read",
                metadata: ["stream.name": "\(stream)", "entry.id": "\(entry.id)", "failure.reason": "\(reason)"])
            return []
        }
    }

    private func acknowledge(_ entries: [StreamEntry]) async throws {
        try await reader.streams.acknowledge(entries.map(\.id), on: reader.key, group: consumer.group)
    }

    /// Waits, and keeps the entries from being claimed by others meanwhile.
    private func pause(_ backoff: inout Backoff, _ ids: [StreamEntryID]) async throws {
        let pause = backoff.next()
        await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
        if isStopping { throw ConsumerStops() }
        do {
            try await reader.keep(ids)
        } catch {
            loop.logger.debug(
                "Entries not kept", metadata: ["stream.name": "\(stream)", "failure.reason": "\(error.reason)"])
        }
    }

    private func note(_ error: any Error, _ count: Int) {
        let facts = FailureFacts(error)
        loop.metrics.increment(.streamFailures, stream, facts.reason)
        loop.logger.log(
            level: facts.isTransient ? .warning : .error, "Batch failed",
            metadata: [
                "stream.name": "\(stream)", "record.count": "\(count)", "failure.reason": "\(facts.reason)",
                "failure.detail": "\(error)",
            ])
    }
}
