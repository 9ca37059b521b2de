import Drivers
import Synchronization

/// A few connections to one processor. Each carries one request at a time, and a request takes the one with the least to do, so that
/// calls don't wait behind a slow one.
final class ProcessorConnections: Sendable {
    private let clients: [HTTPClient]
    /// How many requests each of them has.
    private let loads: Mutex<[Int]>

    init(count: Int) {
        clients = (0..<count).map { _ in HTTPClient() }
        loads = Mutex(Array(repeating: 0, count: count))
    }

    func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let index = loads.withLock { loads in
            let index = loads.indices.min { loads[$0] < loads[$1] } ?? 0
            loads[index] += 1
            return index
        }
        defer { loads.withLock { $0[index] -= 1 } }
        return try await clients[index].send(request)
    }
}
