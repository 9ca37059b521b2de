import DequeModule
public import Drivers
import Foundation
public import ServiceLifecycle
import Synchronization

/// What happens to a stream that holds as many entries as it may.
public enum StreamOverflow: Sendable {
    /// Nothing more is published; the consumers sweep the table (M4).
    case stop
    /// The oldest entries go: for streams whose readers are not ours.
    case dropOldest
}

/// Publishes batches after their commit. `publish` returns at once and never fails: an entry that cannot be published is counted
/// and left, and the consumer's sweep finds its facts (M3). As a service it sends what was given to it, many batches a round trip,
/// and trims what every group has acknowledged.
public final class StreamPublisher: Service {
    /// The most bytes of one entry's body; a single record that is longer is an entry of its own (M4).
    public static let bodyBytes = 64 << 10
    /// The most bytes that wait for Redis.
    static let bufferBytes = 16 << 20
    private static let entriesPerRoundTrip = 200

    private struct Entry {
        let stream: String
        let fields: [StreamField]
        let bytes: Int
        let overflow: StreamOverflow
    }

    private struct State {
        var buffer: Deque<Entry> = []
        var bytes = 0
        var streams: Set<String> = []
        var lengths: [String: Int] = [:]
    }

    private let connection: RedisConnection
    private let prefix: String
    private let maxEntries: Int
    private let loop: Loop
    private let state = Mutex(State())
    private let bell = Bell()

    /// A publisher on a connection of its own.
    /// - Parameters:
    ///   - prefix: what stands in front of every stream's name.
    ///   - maxEntries: above which a stream is full.
    public init(redis: RedisConfiguration, prefix: String, maxEntries: Int, loop: Loop) {
        connection = RedisConnection(redis)
        self.prefix = prefix
        self.maxEntries = maxEntries
        self.loop = loop
    }

    /// Publishes one commit's batch: JSON values, put into as few entries as their size allows.
    /// - Parameters:
    ///   - stream: without the prefix: `billing:usage:rated`.
    ///   - type: what the body is: `rated-usage.v1`.
    public func publish(_ records: [[UInt8]], to stream: String, type: String, overflow: StreamOverflow = .stop) {
        guard !records.isEmpty else { return }
        let at = InstantText.text(loop.clock.now())
        let entries = Self.bodies(of: records).map { body in
            Entry(
                stream: stream,
                fields: [
                    StreamField("id", UUID().uuidString.lowercased()), StreamField("type", type), StreamField("at", at),
                    StreamField("body", body),
                ], bytes: body.count, overflow: overflow)
        }
        let refused = state.withLock { state in
            state.streams.insert(stream)
            var refused = 0
            for entry in entries {
                guard state.bytes + entry.bytes <= Self.bufferBytes else {
                    refused += 1
                    continue
                }
                state.buffer.append(entry)
                state.bytes += entry.bytes
            }
            return refused
        }
        count(refused, of: stream, reason: "buffer-full")
        bell.ring()
    }

    /// Sends everything that waits, now: for commands that end before a service could. Failures are counted.
    public func flush() async {
        while await sendSome() {}
    }

    public func run() async throws {
        let worker = loop.watchdog.register("publisher")
        defer { worker.done() }
        var trimmed = ContinuousClock.now
        while !isStopping {
            await worker.waiting(upTo: .seconds(10)) {
                await bell.wait(upTo: .seconds(5))
                await flush()
                if trimmed.duration(to: .now) >= .seconds(5) {
                    await trim()
                    trimmed = .now
                }
            }
        }
        await flush()
    }

    /// One round trip's worth of entries; false when none wait any more.
    private func sendSome() async -> Bool {
        let entries = state.withLock { state in
            let entries = Array(state.buffer.prefix(Self.entriesPerRoundTrip))
            state.buffer.removeFirst(entries.count)
            state.bytes -= entries.reduce(0) { $0 + $1.bytes }
            return entries
        }
        guard !entries.isEmpty else { return false }
        await measure(Set(entries.map(\.stream)).filter { isFull($0) })
        var commands: [[RedisArgument]] = []
        var sent: [Entry] = []
        for entry in entries {
            if entry.overflow == .stop && isFull(entry.stream) {
                count(1, of: entry.stream, reason: "stream-full")
            } else {
                commands.append(addition(entry))
                sent.append(entry)
            }
        }
        await send(commands, sent)
        return true
    }

    private func send(_ commands: [[RedisArgument]], _ sent: [Entry]) async {
        guard !sent.isEmpty else { return }
        let streams = Set(sent.map(\.stream)).sorted()
        do {
            let lengths = streams.map { ["XLEN", RedisArgument(prefix + $0)] }
            let replies = try await connection.pipeline(commands + lengths)
            for (entry, reply) in zip(sent, replies) {
                if case .failure(let error) = reply {
                    count(1, of: entry.stream, reason: error.reason)
                } else {
                    loop.metrics.increment(.streamPublished, entry.stream)
                }
            }
            for (stream, reply) in zip(streams, replies.dropFirst(sent.count)) { note(reply.integer, of: stream) }
        } catch {
            for entry in sent { count(1, of: entry.stream, reason: error.reason) }
            loop.logger.warning(
                "Not published",
                metadata: ["entry.count": "\(sent.count)", "failure.reason": "\(error.reason)"])
        }
    }

    private func addition(_ entry: Entry) -> [RedisArgument] {
        var command: [RedisArgument] = ["XADD", RedisArgument(prefix + entry.stream)]
        if entry.overflow == .dropOldest { command += ["MAXLEN", "~", RedisArgument(maxEntries)] }
        command.append("*")
        for field in entry.fields { command += [RedisArgument(field.name), RedisArgument(field.value)] }
        return command
    }

    private func isFull(_ stream: String) -> Bool {
        state.withLock { ($0.lengths[stream] ?? 0) >= maxEntries }
    }

    /// Asks how long streams are that were full when last seen.
    private func measure(_ streams: Set<String>) async {
        for stream in streams {
            do {
                note(Int64(try await RedisStreams(connection).length(of: prefix + stream)), of: stream)
            } catch {
                // Sending meets the same fault and counts it.
            }
        }
    }

    private func note(_ length: Int64?, of stream: String) {
        guard let length else { return }
        state.withLock { $0.lengths[stream] = Int(length) }
        loop.metrics.set(.streamLength, to: Int(length), stream)
    }

    private func count(_ entries: Int, of stream: String, reason: String) {
        guard entries > 0 else { return }
        loop.metrics.increment(.streamPublishFailures, by: entries, stream, reason)
    }

    /// Drops what every group has acknowledged.
    func trim() async {
        let streams = RedisStreams(connection)
        for stream in state.withLock({ $0.streams }) {
            do {
                var least: StreamEntryID?
                for group in try await streams.groups(of: prefix + stream) {
                    var through = group.lastDelivered
                    if group.pending > 0,
                        let oldest = try await streams.pending(prefix + stream, group: group.name, count: 1).first
                    {
                        through = oldest.id
                    }
                    least = min(least ?? through, through)
                }
                if let least, least > .zero { try await streams.trim(prefix + stream, before: least) }
            } catch {
                loop.logger.debug(
                    "Stream not trimmed", metadata: ["stream.name": "\(stream)", "failure.reason": "\(error.reason)"])
            }
        }
    }

    /// JSON arrays of at most `bodyBytes` bytes, in order.
    static func bodies(of records: [[UInt8]], upTo most: Int = bodyBytes) -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        var body: [UInt8] = []
        for record in records {
            if !body.isEmpty && body.count + record.count + 2 > most {
                bodies.append(body + [UInt8(ascii: "]")])
                body = []
            }
            body.append(UInt8(ascii: body.isEmpty ? "[" : ","))
            body += record
        }
        if !body.isEmpty { bodies.append(body + [UInt8(ascii: "]")]) }
        return bodies
    }
}
