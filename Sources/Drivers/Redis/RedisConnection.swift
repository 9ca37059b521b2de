import CHiredis
import Glibc

/// Where Redis is and how long we wait for it.
public struct RedisConfiguration: Sendable {
    /// A Unix socket, or a host and port of a private network (there is no TLS).
    public enum Address: Sendable, Equatable {
        case unixSocket(path: String)
        case tcp(host: String, port: Int)
    }

    public var address: Address
    public var user: String?
    public var password: Secret?
    public var database: Int
    public var connectTimeout: Duration
    /// How long one command, or one pipeline, waits for the next bytes of its answer.
    public var commandTimeout: Duration

    public init(
        address: Address, user: String? = nil, password: Secret? = nil, database: Int = 0,
        connectTimeout: Duration = .seconds(2), commandTimeout: Duration = .seconds(5)
    ) {
        self.address = address
        self.user = user
        self.password = password
        self.database = database
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
    }
}

/// One connection with a thread of its own. It connects when it is first used, and again after it has been lost.
///
/// A blocking read keeps it busy: who also publishes uses a second one.
public actor RedisConnection {
    private let thread: BlockingThread
    private let configuration: RedisConfiguration
    private var current: RedisSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// A connection that has not been made yet.
    public init(_ configuration: RedisConfiguration) {
        self.configuration = configuration
        thread = BlockingThread(name: "redis")
    }

    /// Sends one command and returns its answer; a refusal is thrown.
    ///
    /// `blockingFor` is added to the deadline of commands that themselves wait (`BLOCK`).
    @discardableResult
    public func command(
        _ arguments: [RedisArgument], blockingFor: Duration = .zero
    ) throws(RedisError) -> RedisReply {
        let reply = try exchange([arguments], blockingFor)[0]
        if case .failure(let error) = reply { throw error }
        return reply
    }

    /// Sends commands together and returns their answers in order; a refusal is a `failure` in its place.
    public func pipeline(_ commands: [[RedisArgument]]) throws(RedisError) -> [RedisReply] {
        commands.isEmpty ? [] : try exchange(commands, .zero)
    }

    /// Ends the connection; the next use makes a new one.
    public func close() {
        current = nil
    }

    private func exchange(
        _ commands: [[RedisArgument]], _ blockingFor: Duration
    ) throws(RedisError) -> [RedisReply] {
        let session = try session()
        do {
            return try session.exchange(commands, timeout: configuration.commandTimeout + blockingFor)
        } catch {
            // After a failure the context is dead: hiredis may hold half an answer.
            current = nil
            throw error
        }
    }

    private func session() throws(RedisError) -> RedisSession {
        if let current, !current.isStale { return current }
        let session = try RedisSession(connecting: configuration)
        current = session
        return session
    }
}

/// One hiredis context, used on one thread.
private final class RedisSession {
    private let context: UnsafeMutablePointer<redisContext>
    private var timeout: Duration

    init(connecting configuration: RedisConfiguration) throws(RedisError) {
        let limit = RedisSession.timeval(configuration.connectTimeout)
        let made =
            switch configuration.address {
            case .unixSocket(let path): redisConnectUnixWithTimeout(path, limit)
            case .tcp(let host, let port): redisConnectWithTimeout(host, Int32(clamping: port), limit)
            }
        guard let made else { throw .notConnected("out of memory") }
        context = made
        timeout = configuration.connectTimeout
        if made.pointee.err != 0 { throw .notConnected(RedisSession.message(of: made)) }
        redisSetTimeout(made, limit)
        // A Unix socket refuses it, and hiredis counts that as a broken connection.
        if case .tcp = configuration.address { redisEnableKeepAlive(made) }
        try greet(configuration)
    }

    deinit {
        redisFree(context)
    }

    /// Whether the server has closed the connection, or sent what nobody asked for, since the last answer.
    var isStale: Bool {
        var descriptor = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) != 0
    }

    func exchange(_ commands: [[RedisArgument]], timeout: Duration) throws(RedisError) -> [RedisReply] {
        if timeout != self.timeout {
            redisSetTimeout(context, RedisSession.timeval(timeout))
            self.timeout = timeout
        }
        for command in commands { append(command) }
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        for _ in commands { replies.append(try nextReply()) }
        return replies
    }

    private func append(_ arguments: [RedisArgument]) {
        var bytes: [UInt8] = []
        var lengths: [Int] = []
        for argument in arguments {
            bytes.append(contentsOf: argument.bytes)
            lengths.append(argument.bytes.count)
        }
        bytes.append(0)
        bytes.withUnsafeBufferPointer { buffer in
            var next = UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
            var starts: [UnsafePointer<CChar>?] = lengths.map { length in
                defer { next = next?.advanced(by: length) }
                return next
            }
            _ = redisAppendCommandArgv(context, Int32(lengths.count), &starts, lengths)
        }
    }

    private func nextReply() throws(RedisError) -> RedisReply {
        var raw: UnsafeMutableRawPointer?
        errno = 0
        guard redisGetReply(context, &raw) == REDIS_OK, let raw else {
            let isTimeout = context.pointee.err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT)
            throw isTimeout ? .timedOut : .connectionLost(RedisSession.message(of: context))
        }
        defer { freeReplyObject(raw) }
        return RedisReply(raw.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func greet(_ configuration: RedisConfiguration) throws(RedisError) {
        var greetings: [[RedisArgument]] = []
        if let password = configuration.password {
            let user = configuration.user.map { [RedisArgument($0)] } ?? []
            greetings.append(["AUTH"] + user + [RedisArgument(password.revealed)])
        }
        if configuration.database != 0 { greetings.append(["SELECT", RedisArgument(configuration.database)]) }
        guard !greetings.isEmpty else { return }
        for reply in try exchange(greetings, timeout: configuration.connectTimeout) {
            if case .failure(let error) = reply { throw .notConnected("\(error)") }
        }
    }

    private static func timeval(_ duration: Duration) -> timeval {
        let milliseconds = max(1, duration.wholeMilliseconds)
        return Glibc.timeval(tv_sec: Int(milliseconds / 1_000), tv_usec: Int(milliseconds % 1_000) * 1_000)
    }

    private static func message(of context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
