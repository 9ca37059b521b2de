public import Drivers
public import ServiceLifecycle

/// One entry of a stream as its publisher wrote it.
public struct StreamMessage: Sendable {
    /// Redis's id.
    public let entryID: StreamEntryID
    /// The batch's own id.
    public let id: String
    /// What the body is: `rated-usage.v1`.
    public let type: String
    /// When it was published, by the daemons' clock, `2026-11-22T17:03:14.486Z`.
    public let at: String
    /// A JSON array.
    public let body: [UInt8]
}

/// An entry that cannot be read: it goes to `<stream>:dead` with this reason.
public struct UndecodableEntry: Failure {
    public let reason: String
    public var isTransient: Bool { false }

    /// An entry that cannot be read for a reason in words or as a code.
    public init(reason: String) {
        self.reason = reason
    }
}

/// A record that broke the process when it was tried alone (M5).
public struct ProcessBreaker: Failure {
    /// Such a record.
    public init() {}

    public var reason: String { "broke-the-process" }
    public var isTransient: Bool { false }
}

/// Where a consumer reads, and in what portions.
public struct StreamSettings: Sendable {
    /// The server.
    public var redis: RedisConfiguration
    /// What stands in front of every stream's name.
    public var prefix: String
    /// The consumer's name in its group: the systemd instance.
    public var consumer: String
    /// How many entries one read takes.
    public var batchSize: Int
    /// After what time another consumer's unacknowledged entries are taken over.
    public var claimIdle: Duration

    /// Settings of a consumer.
    public init(
        redis: RedisConfiguration, prefix: String = "", consumer: String = "1", batchSize: Int = 64,
        claimIdle: Duration = .seconds(60)
    ) {
        self.redis = redis
        self.prefix = prefix
        self.consumer = consumer
        self.batchSize = batchSize
        self.claimIdle = claimIdle
    }
}

/// The one read–handle–acknowledge loop. A read is a batch; its records are handled together and acknowledged afterwards.
///
/// A transient failure is tried again with growing pauses, the entries left pending. A failure that a record may be to blame for
/// splits the batch until the record stands alone, which is then parked. An entry that was delivered more than three times is
/// handled record by record, and a record that broke the process meanwhile is parked without another try (M5).
/// Entries of consumers that went away are claimed. Redis being away stops only this loop, not the sweep beside it.
public struct StreamConsumer<Record: Sendable>: Service {
    /// The deliveries above which an entry is handled record by record.
    static var deliveriesTogether: Int { 3 }

    let stream: String
    let group: String
    let settings: StreamSettings
    let loop: Loop
    /// How long one call of a handler may take before it counts as stuck.
    let handleLimit: Duration = .seconds(300)
    let decode: @Sendable (StreamMessage) throws -> [Record]
    let handle: @Sendable ([Record]) async throws -> Void
    let park: (@Sendable (Record, any Error) async throws -> Void)?

    /// A consumer of one stream in one group.
    /// - Parameters:
    ///   - stream: without the prefix: `billing:usage:rated`.
    ///   - decode: the records of an entry; what it throws sends the entry to `<stream>:dead`.
    ///   - handle: does the work for records of several entries in one transaction. It may be called again with any of them.
    ///   - park: keeps a record that failed alone, with the failure, for a person to see. Without it such a record is tried again
    ///     until it succeeds, and logged as an error.
    public init(
        _ stream: String, group: String, settings: StreamSettings, loop: Loop,
        decode: @escaping @Sendable (StreamMessage) throws -> [Record],
        handle: @escaping @Sendable ([Record]) async throws -> Void,
        park: (@Sendable (Record, any Error) async throws -> Void)? = nil
    ) {
        self.stream = stream
        self.group = group
        self.settings = settings
        self.loop = loop
        self.decode = decode
        self.handle = handle
        self.park = park
    }

    public func run() async throws {
        let worker = loop.watchdog.register("stream \(stream)")
        defer { worker.done() }
        var reader = StreamReader(stream: stream, group: group, settings: settings, metrics: loop.metrics)
        var backoff = Backoff()
        while !isStopping {
            do {
                let delivery = try await worker.waiting(upTo: .seconds(10)) { try await reader.next() }
                if !delivery.isEmpty {
                    try await StreamBatch(consumer: self, reader: reader, worker: worker).settle(delivery)
                }
                backoff.reset()
            } catch is ConsumerStops {
                break
            } catch let error as RedisError {
                if isStopping { break }
                reader.forget()
                loop.metrics.increment(.streamFailures, stream, error.reason)
                loop.logger.warning(
                    "Stream not read", metadata: ["stream.name": "\(stream)", "failure.reason": "\(error.reason)"])
                let pause = backoff.next()
                await worker.waiting(upTo: pause) { await pauseUnlessStopping(pause) }
            }
        }
        await reader.close()
    }
}

extension StreamConsumer where Record == StreamMessage {
    /// A consumer that takes the stream as a doorbell: every read rings, and the sweep behind the bell reads its own range of the
    /// table. Acknowledged at once: what a crash leaves undone lies above the sweep's mark.
    public static func doorbell(
        _ stream: String, group: String, settings: StreamSettings, loop: Loop, ring: @escaping @Sendable () -> Void
    ) -> StreamConsumer<StreamMessage> {
        StreamConsumer(stream, group: group, settings: settings, loop: loop, decode: { [$0] }, handle: { _ in ring() })
    }
}

/// The daemon stops: what is not acknowledged stays pending.
struct ConsumerStops: Error {}
