/// The id of a stream entry: `1795366994486-0`.
public struct StreamEntryID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let milliseconds: UInt64
    public let sequence: UInt64

    public init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// An id from its text; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = UInt64(parts[0]), let sequence = UInt64(parts[1]) else {
            return nil
        }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Before every entry.
    public static let zero = StreamEntryID(milliseconds: 0, sequence: 0)

    public var description: String { "\(milliseconds)-\(sequence)" }

    public static func < (left: StreamEntryID, right: StreamEntryID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }
}

/// One entry of a stream.
public struct StreamEntry: Sendable, Equatable {
    public let id: StreamEntryID
    /// Empty when the entry was trimmed while it was pending.
    public let fields: [StreamField]

    /// The bytes of the first field of that name.
    public func bytes(_ name: String) -> [UInt8]? {
        fields.first { $0.name == name }?.value
    }

    /// The text of the first field of that name, if it is UTF-8.
    public func text(_ name: String) -> String? {
        bytes(name).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

/// A field of a stream entry.
public struct StreamField: Sendable, Equatable {
    public let name: String
    public let value: [UInt8]

    public init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }
}

/// How `add` and `trim` bound a stream's length.
public enum StreamBound: Sendable, Equatable {
    case none
    case exactly(Int)
    /// Whole nodes only: cheaper, and a little longer than asked.
    case about(Int)
}

/// A delivered entry that nobody has acknowledged.
public struct PendingEntry: Sendable, Equatable {
    public let id: StreamEntryID
    public let consumer: String
    public let idleMilliseconds: Int64
    public let deliveries: Int
}

/// What a group has still to do.
public struct StreamGroup: Sendable, Equatable {
    public let name: String
    public let consumers: Int
    public let pending: Int
    public let lastDelivered: StreamEntryID
    /// Entries not delivered yet; nil when Redis can't tell, after entries inside the stream were deleted.
    public let lag: Int?
}

/// Stream commands as typed calls on one connection.
public struct RedisStreams: Sendable {
    private let connection: RedisConnection

    public init(_ connection: RedisConnection) {
        self.connection = connection
    }

    /// XADD: appends an entry and returns its id.
    @discardableResult
    public func add(
        to stream: String, _ fields: [StreamField], bound: StreamBound = .none
    ) async throws(RedisError) -> StreamEntryID {
        let reply = try await connection.command(RedisStreams.addition(stream, fields, bound))
        return try RedisStreams.id(reply, of: "XADD")
    }

    /// XADD of several entries in one round trip; ids in their order. Throws the first refusal after all have been tried.
    @discardableResult
    public func add(
        to stream: String, entries: [[StreamField]], bound: StreamBound = .none
    ) async throws(RedisError) -> [StreamEntryID] {
        var ids: [StreamEntryID] = []
        for reply in try await connection.pipeline(entries.map { RedisStreams.addition(stream, $0, bound) }) {
            if case .failure(let error) = reply { throw error }
            ids.append(try RedisStreams.id(reply, of: "XADD"))
        }
        return ids
    }

    /// XGROUP CREATE … MKSTREAM: makes group and stream where they are missing; false when the group was there.
    ///
    /// A new group starts behind `after`; `.zero` delivers everything.
    @discardableResult
    public func createGroup(
        _ group: String, on stream: String, after: StreamEntryID = .zero
    ) async throws(RedisError) -> Bool {
        do {
            try await connection.command([
                "XGROUP", "CREATE", RedisArgument(stream), RedisArgument(group), "\(after.description)", "MKSTREAM",
            ])
            return true
        } catch {
            if error.code == "BUSYGROUP" { return false }
            throw error
        }
    }

    /// XREADGROUP `>`: entries not delivered to anyone yet, of each stream that has some; waits up to `wait`.
    public func read(
        _ streams: [String], group: String, consumer: String, count: Int, wait: Duration
    ) async throws(RedisError) -> [String: [StreamEntry]] {
        let block: [RedisArgument] =
            wait > .zero ? ["BLOCK", RedisArgument(max(1, wait.wholeMilliseconds))] : []
        let reply = try await connection.command(
            ["XREADGROUP", "GROUP", RedisArgument(group), RedisArgument(consumer), "COUNT", RedisArgument(count)]
                + block + ["STREAMS"] + streams.map { RedisArgument($0) } + streams.map { _ in ">" },
            blockingFor: wait)
        return try RedisStreams.entriesByStream(reply)
    }

    /// XREADGROUP from an id: entries behind `after` that this consumer has had and not acknowledged.
    public func unacknowledged(
        _ stream: String, group: String, consumer: String, after: StreamEntryID = .zero, count: Int
    ) async throws(RedisError) -> [StreamEntry] {
        let reply = try await connection.command([
            "XREADGROUP", "GROUP", RedisArgument(group), RedisArgument(consumer), "COUNT", RedisArgument(count),
            "STREAMS", RedisArgument(stream), "\(after.description)",
        ])
        return try RedisStreams.entriesByStream(reply)[stream] ?? []
    }

    /// XACK: returns how many were pending.
    @discardableResult
    public func acknowledge(
        _ ids: [StreamEntryID], on stream: String, group: String
    ) async throws(RedisError) -> Int {
        guard !ids.isEmpty else { return 0 }
        let reply = try await connection.command(
            ["XACK", RedisArgument(stream), RedisArgument(group)] + ids.map { "\($0.description)" })
        return try RedisStreams.count(reply, of: "XACK")
    }

    /// XAUTOCLAIM: takes over entries that have been pending for at least `idle`, from `start` on. `next` is where to
    /// go on, `.zero` at the end; `deleted` are entries that were trimmed while pending, now acknowledged.
    public func claim(
        _ stream: String, group: String, consumer: String, idle: Duration, start: StreamEntryID = .zero, count: Int
    ) async throws(RedisError) -> (entries: [StreamEntry], next: StreamEntryID, deleted: [StreamEntryID]) {
        let reply = try await connection.command([
            "XAUTOCLAIM", RedisArgument(stream), RedisArgument(group), RedisArgument(consumer),
            RedisArgument(idle.wholeMilliseconds), "\(start.description)", "COUNT", RedisArgument(count),
        ])
        guard let parts = reply.array, parts.count >= 2 else { throw .unexpectedReply("XAUTOCLAIM") }
        var deleted: [StreamEntryID] = []
        for id in parts.count > 2 ? parts[2].array ?? [] : [] {
            deleted.append(try RedisStreams.id(id, of: "XAUTOCLAIM"))
        }
        return (try RedisStreams.entries(parts[1]), try RedisStreams.id(parts[0], of: "XAUTOCLAIM"), deleted)
    }

    /// XPENDING: delivered and unacknowledged entries from `start` on, oldest first, with their deliveries so far.
    public func pending(
        _ stream: String, group: String, idle: Duration = .zero, start: StreamEntryID = .zero, count: Int
    ) async throws(RedisError) -> [PendingEntry] {
        let reply = try await connection.command([
            "XPENDING", RedisArgument(stream), RedisArgument(group), "IDLE", RedisArgument(idle.wholeMilliseconds),
            "\(start.description)", "+", RedisArgument(count),
        ])
        var pending: [PendingEntry] = []
        for element in reply.array ?? [] {
            guard let parts = element.array, parts.count == 4, let consumer = parts[1].text,
                let idle = parts[2].integer, let deliveries = parts[3].integer
            else { throw .unexpectedReply("XPENDING") }
            let id = try RedisStreams.id(parts[0], of: "XPENDING")
            pending.append(
                PendingEntry(id: id, consumer: consumer, idleMilliseconds: idle, deliveries: Int(deliveries)))
        }
        return pending
    }

    /// XTRIM MINID: drops every entry before `id`; returns how many.
    @discardableResult
    public func trim(_ stream: String, before id: StreamEntryID) async throws(RedisError) -> Int {
        let reply = try await connection.command(["XTRIM", RedisArgument(stream), "MINID", "=", "\(id.description)"])
        return try RedisStreams.count(reply, of: "XTRIM")
    }

    /// XLEN: 0 for a stream that is not there.
    public func length(of stream: String) async throws(RedisError) -> Int {
        try RedisStreams.count(try await connection.command(["XLEN", RedisArgument(stream)]), of: "XLEN")
    }

    /// XRANGE: entries from `start` on, without a group.
    public func range(
        _ stream: String, from start: StreamEntryID = .zero, count: Int
    ) async throws(RedisError) -> [StreamEntry] {
        let reply = try await connection.command([
            "XRANGE", RedisArgument(stream), "\(start.description)", "+", "COUNT", RedisArgument(count),
        ])
        return try RedisStreams.entries(reply)
    }

    /// XINFO GROUPS; empty for a stream that is not there.
    public func groups(of stream: String) async throws(RedisError) -> [StreamGroup] {
        let reply: RedisReply
        do {
            reply = try await connection.command(["XINFO", "GROUPS", RedisArgument(stream)])
        } catch {
            if case .command("ERR no such key") = error { return [] }
            throw error
        }
        var groups: [StreamGroup] = []
        for element in reply.array ?? [] { groups.append(try RedisStreams.group(element)) }
        return groups
    }
}

// Replies and arguments.
extension RedisStreams {
    private static func addition(
        _ stream: String, _ fields: [StreamField], _ bound: StreamBound
    ) -> [RedisArgument] {
        var command: [RedisArgument] = ["XADD", RedisArgument(stream)]
        switch bound {
        case .none: break
        case .exactly(let length): command += ["MAXLEN", "=", RedisArgument(length)]
        case .about(let length): command += ["MAXLEN", "~", RedisArgument(length)]
        }
        command.append("*")
        for field in fields { command += [RedisArgument(field.name), RedisArgument(field.value)] }
        return command
    }

    private static func id(_ reply: RedisReply, of command: String) throws(RedisError) -> StreamEntryID {
        guard let text = reply.text, let id = StreamEntryID(parsing: text) else { throw .unexpectedReply(command) }
        return id
    }

    private static func count(_ reply: RedisReply, of command: String) throws(RedisError) -> Int {
        guard let count = reply.integer else { throw .unexpectedReply(command) }
        return Int(count)
    }

    private static func entriesByStream(_ reply: RedisReply) throws(RedisError) -> [String: [StreamEntry]] {
        var streams: [String: [StreamEntry]] = [:]
        for element in reply.array ?? [] {
            guard let pair = element.array, pair.count == 2, let name = pair[0].text else {
                throw .unexpectedReply("XREADGROUP")
            }
            streams[name] = try entries(pair[1])
        }
        return streams
    }

    private static func entries(_ reply: RedisReply) throws(RedisError) -> [StreamEntry] {
        var entries: [StreamEntry] = []
        for element in reply.array ?? [] {
            guard let pair = element.array, pair.count == 2 else { throw .unexpectedReply("stream entry") }
            entries.append(StreamEntry(id: try id(pair[0], of: "stream entry"), fields: try fields(pair[1])))
        }
        return entries
    }

    private static func fields(_ reply: RedisReply) throws(RedisError) -> [StreamField] {
        let flat = reply.array ?? []
        var fields: [StreamField] = []
        for index in stride(from: 0, to: flat.count - 1, by: 2) {
            guard let name = flat[index].text, let value = flat[index + 1].bytes else {
                throw .unexpectedReply("stream entry")
            }
            fields.append(StreamField(name, value))
        }
        return fields
    }

    private static func group(_ reply: RedisReply) throws(RedisError) -> StreamGroup {
        var values: [String: RedisReply] = [:]
        let flat = reply.array ?? []
        for index in stride(from: 0, to: flat.count - 1, by: 2) {
            if let name = flat[index].text { values[name] = flat[index + 1] }
        }
        guard let name = values["name"]?.text, let consumers = values["consumers"]?.integer,
            let pending = values["pending"]?.integer, let last = values["last-delivered-id"]
        else { throw .unexpectedReply("XINFO GROUPS") }
        return StreamGroup(
            name: name, consumers: Int(consumers), pending: Int(pending),
            lastDelivered: try id(last, of: "XINFO GROUPS"), lag: values["lag"]?.integer.map { Int($0) })
    }
}
