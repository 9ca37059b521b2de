public import Drivers

/// How far a group has come through a stream, seen from outside: what it has not acknowledged yet is its consumers' to do.
public actor StreamFront {
    private let stream: String
    private let group: String
    private let settings: StreamSettings
    private let connection: RedisConnection

    /// The front of a group on a stream, named without the prefix.
    public init(_ stream: String, group: String, settings: StreamSettings) {
        self.stream = stream
        self.group = group
        self.settings = settings
        connection = RedisConnection(settings.redis)
    }

    /// The body of the oldest entry that the group has not acknowledged; nil where there is none.
    public func oldestOpen() async throws(RedisError) -> [UInt8]? {
        let key = settings.prefix + stream
        let streams = RedisStreams(connection)
        var next = StreamEntryID.zero
        if let own = try await streams.groups(of: key).first(where: { $0.name == group }) {
            if own.pending > 0, let oldest = try await streams.pending(key, group: group, count: 1).first,
                let entry = try await streams.range(key, from: oldest.id, count: 1).first, entry.id == oldest.id
            {
                return entry.bytes("body")
            }
            next = StreamEntryID(
                milliseconds: own.lastDelivered.milliseconds, sequence: own.lastDelivered.sequence + 1)
        }
        return try await streams.range(key, from: next, count: 1).first?.bytes("body")
    }
}
