import Foundation
import Synchronization

/// Takes mail on a loopback port, without TLS. To each command the closure may give another answer than the usual one; the end of a
/// message is the command `.`.
public final class SMTPPeer: Sendable {
    public let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var commands: [String] = []
        var messages: [String] = []
    }

    public init(answer: @escaping @Sendable (_ command: String) -> String? = { _ in nil }) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { throw SocketError("bind") }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                Thread { [self] in serve(client, answer) }.start()
            }
        }.start()
    }

    public var url: String { "smtp://127.0.0.1:\(port)" }
    /// What was said, of all connections.
    public var commands: [String] { state.withLock { $0.commands } }
    /// The messages as they came, dots and all, without the last one.
    public var messages: [String] { state.withLock { $0.messages } }

    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ client: Int32, _ answer: (String) -> String?) {
        defer { close(client) }
        var lines = Lines(descriptor: client)
        func say(_ reply: String) { _ = send(client, reply + "\r\n", reply.utf8.count + 2, Int32(MSG_NOSIGNAL)) }
        say("220 peer ready")
        while let command = lines.next() {
            state.withLock { $0.commands.append(command) }
            let verb = command.split(separator: " ").first.map { $0.uppercased() } ?? ""
            if let reply = answer(command) {
                say(reply)
            } else if verb == "EHLO" {
                say("250-peer\r\n250 AUTH PLAIN")
            } else if verb == "AUTH" {
                say("334 ")
                state.withLock { [login = lines.next() ?? ""] in $0.commands.append(login) }
                say("235 welcome")
            } else if verb == "DATA" {
                say("354 go on")
                var message = ""
                while let line = lines.next(), line != "." { message += line + "\r\n" }
                state.withLock { [message] in $0.messages.append(message) }
                say(answer(".") ?? "250 taken")
            } else if verb == "QUIT" {
                return say("221 bye")
            } else {
                say("250 ok")
            }
        }
    }
}

/// Lines of a socket, each ended by CRLF.
private struct Lines {
    let descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    mutating func next() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = buffer[..<end].filter { $0 != 13 }
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            var chunk = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer += chunk.prefix(count)
        }
    }
}
