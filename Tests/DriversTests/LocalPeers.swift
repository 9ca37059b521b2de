import Foundation
import TestSupport

/// Accepts, by the kernel's queue, and never says a word.
final class SilentPeer: Sendable {
    let socketPath: String
    let directory: String
    private let descriptor: Int32

    init(name: String) throws {
        let place = try SocketPath(name: name)
        socketPath = place.path
        directory = place.directory
        descriptor = try listenOnUnixSocket(place.path)
    }

    deinit {
        close(descriptor)
    }
}
