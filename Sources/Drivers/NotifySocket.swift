import Glibc

/// Why a notify socket could not be made.
public struct NotifySocketError: Error, Sendable, CustomStringConvertible {
    /// The call and `errno`'s text.
    public let description: String
}

/// The supervisor's end of sd_notify: a datagram socket in the abstract namespace, so that no path is too long for it.
public final class NotifySocket: Sendable {
    /// What a supervised process finds in `NOTIFY_SOCKET`.
    public let address: String
    private let descriptor: Int32

    /// Binds `name`, which must be free on this host; at most 100 bytes.
    public init(name: String) throws(NotifySocketError) {
        var socketAddress = sockaddr_un()
        socketAddress.sun_family = sa_family_t(AF_UNIX)
        precondition((1...100).contains(name.utf8.count), "the name of a notify socket has 1 to 100 bytes")
        withUnsafeMutableBytes(of: &socketAddress.sun_path) { path in
            for (index, byte) in name.utf8.enumerated() { path[index + 1] = byte }
        }
        let length = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count

        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else {
            throw NotifySocketError(description: "socket: \(String(cString: strerror(errno)))")
        }
        let bound = withUnsafePointer(to: &socketAddress) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
        }
        guard bound == 0 else {
            let problem = NotifySocketError(description: "bind @\(name): \(String(cString: strerror(errno)))")
            close(descriptor)
            throw problem
        }
        self.descriptor = descriptor
        address = "@\(name)"
    }

    deinit {
        close(descriptor)
    }

    /// All messages that have arrived, without waiting; a message holds lines such as `READY=1`.
    public func receive() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { return messages }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }

    /// Waits until a message arrives at one of the sockets, at most so long.
    public static func wait(for sockets: [NotifySocket], milliseconds: Int32) {
        var waits = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        _ = poll(&waits, nfds_t(waits.count), milliseconds)
    }
}
