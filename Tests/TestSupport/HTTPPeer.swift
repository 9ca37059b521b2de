import Foundation
import Synchronization

/// Answers each HTTP request on a loopback port with what the closure returns for it; nil closes without an answer.
public final class HTTPPeer: Sendable {
    public let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        public var requests: [String] = []
        var connectionCount = 0
    }

    public init(answer: @escaping @Sendable (_ request: String, _ connection: Int) -> String?) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard code else { throw SocketError("bind") }
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in acceptAll(answer) }.start()
    }

    public var url: String { "http://127.0.0.1:\(port)" }
    public var requests: [String] { state.withLock { $0.requests } }
    public var connectionCount: Int { state.withLock { $0.connectionCount } }

    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func acceptAll(_ answer: @escaping @Sendable (String, Int) -> String?) {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let number = state.withLock { state in
                state.connectionCount += 1
                return state.connectionCount
            }
            Thread { [self] in serve(client, number, answer) }.start()
        }
    }

    private func serve(_ client: Int32, _ number: Int, _ answer: (String, Int) -> String?) {
        defer { close(client) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            received += buffer.prefix(count)
            guard let request = HTTPPeer.complete(received) else { continue }
            received = []
            state.withLock { $0.requests.append(request) }
            guard let reply = answer(request, number) else { return }
            let bytes = Array(reply.utf8)
            guard send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
        }
    }

    /// The request as text once head and body are whole.
    private static func complete(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let length = text[..<end.lowerBound].split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        return text[end.upperBound...].utf8.count >= length ?? 0 ? text : nil
    }
}
