import Foundation
public import Glibc
import Synchronization

/// Passes bytes on to a real server from a Unix socket of its own, and fails as servers do, for who connects through it alone.
public final class ServerProxy: Sendable {
    /// The directory of the socket.
    public let directory: String
    /// The socket's path.
    public let socketPath: String
    private let upstream: String
    private let state = Mutex(State())

    private struct State {
        var mode = Mode.passing
        /// Tells the listener that is there now from those before.
        var generation = 0
        var listener: Int32?
        var links: [ObjectIdentifier: Link] = [:]
    }

    private enum Mode {
        case passing
        /// Connected and silent, as a server under SIGSTOP.
        case frozen
        /// Requests arrive, and no answer comes back.
        case mute
    }

    /// A proxy that passes everything.
    /// - Parameters:
    ///   - name: the socket's: `.s.PGSQL.5432` for PostgreSQL on port 5432.
    ///   - upstream: the path of the server's socket.
    public init(name: String, upstream: String) throws {
        let place = try SocketPath(name: name)
        directory = place.directory
        socketPath = place.path
        self.upstream = upstream
        try restore()
    }

    /// Passes nothing on from here on, and ends nothing.
    public func freeze() { state.withLock { $0.mode = .frozen } }

    /// Passes requests on and keeps the answers back: whoever commits now doesn't hear of it.
    public func mute() { state.withLock { $0.mode = .mute } }

    /// Passes everything again, what was kept back first.
    public func thaw() { state.withLock { $0.mode = .passing } }

    /// Ends every connection, and refuses new ones, as after a crash of the server. What was kept back is lost.
    public func cut() {
        state.withLock { state in
            if let listener = state.listener { shutdown(listener, Int32(SHUT_RDWR)) }
            state.listener = nil
            state.generation += 1
            for link in state.links.values { link.end() }
        }
    }

    /// Listens again; does nothing where it does.
    public func restore() throws {
        let (listener, generation): (Int32, Int) = try state.withLock { state in
            if let listener = state.listener { return (listener, 0) }
            if unlink(socketPath) != 0 && errno != ENOENT { throw SocketError("unlink") }
            let listener = try listenOnUnixSocket(socketPath)
            state.listener = listener
            state.generation += 1
            state.mode = .passing
            return (listener, state.generation)
        }
        guard generation > 0 else { return }
        Thread { [self] in acceptAll(listener, generation) }.start()
    }

    private func acceptAll(_ listener: Int32, _ generation: Int) {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            let link = Link(client: client, server: server)
            let isLinked =
                withUnixAddress(upstream) { connect(server, $0, $1) } == 0
                && state.withLock { state in
                    guard state.generation == generation else { return false }
                    state.links[ObjectIdentifier(link)] = link
                    return true
                }
            guard isLinked else {
                close(client)
                close(server)
                continue
            }
            Thread { [self] in pump(link, from: client, to: server, isAnswer: false) }.start()
            Thread { [self] in pump(link, from: server, to: client, isAnswer: true) }.start()
        }
        close(listener)
    }

    private func pump(_ link: Link, from source: Int32, to target: Int32, isAnswer: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            while holdsBack(link, isAnswer: isAnswer) { usleep(5_000) }
            guard count > 0, send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        state.withLock { state in
            link.end()
            guard link.pumpHasEnded() else { return }
            state.links[ObjectIdentifier(link)] = nil
            close(link.client)
            close(link.server)
        }
    }

    private func holdsBack(_ link: Link, isAnswer: Bool) -> Bool {
        state.withLock { state in
            guard !link.isEnded else { return false }
            return switch state.mode {
            case .passing: false
            case .frozen: true
            case .mute: isAnswer
            }
        }
    }
}

/// One connection through the proxy; used under the proxy's lock.
private final class Link: Sendable {
    let client: Int32
    let server: Int32
    private let ending = Mutex((isEnded: false, endedPumps: 0))

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    var isEnded: Bool { ending.withLock { $0.isEnded } }

    func end() {
        ending.withLock { $0.isEnded = true }
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }

    /// Counts the ends of its two pumps; true for the second.
    func pumpHasEnded() -> Bool {
        ending.withLock { ending in
            ending.endedPumps += 1
            return ending.endedPumps == 2
        }
    }
}

extension Services {
    /// The path of the cluster's Unix socket, from the connection string.
    public static func postgresSocketPath() throws -> String {
        guard let host = postgresSetting("host") else { throw MissingService(variable: "WARP_TEST_POSTGRES") }
        return "\(host)/.s.PGSQL.\(postgresSetting("port") ?? "5432")"
    }
}

/// A Unix socket in a directory of its own.
public struct SocketPath: Sendable {
    public let directory: String
    public let path: String

    /// Makes the directory.
    public init(name: String) throws {
        directory = FileManager.default.temporaryDirectory.path + "/warp-\(UUID().uuidString.prefix(8))"
        path = directory + "/" + name
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }
}

/// A socket call that failed, with its errno.
public struct SocketError: Error {
    let call: String
    let code: Int32

    public init(_ call: String) {
        self.call = call
        code = errno
    }
}

/// An address of a Unix socket, for bind and connect.
public func withUnixAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

/// A socket that listens at a path.
public func listenOnUnixSocket(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard withUnixAddress(path, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
        throw SocketError("listen")
    }
    return descriptor
}
