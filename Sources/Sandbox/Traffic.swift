import Hummingbird
import Synchronization

/// A fault that the sandbox was told to produce.
struct FaultOrder: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable {
        /// The work is done, the connection closes without an answer.
        case loseAnswer = "lose_answer"
        /// The connection closes before anything is done.
        case drop
        /// Refused with 429, nothing is done.
        case tooManyRequests = "429"
        /// Refused with `status` (default 503), nothing is done.
        case serverError = "5xx"
        /// The work is done, the answer is `status` (default 500).
        case serverErrorAfter = "5xx_after"
        /// The work is done, the answer comes `milliseconds` later; such an order adds to any other.
        case delay
    }

    let service: String
    let kind: Kind
    /// How many requests it hits; without it every one until the orders are withdrawn.
    var count: Int?
    /// Only requests with this method.
    var method: String?
    /// Only requests whose path contains this.
    var path: String?
    /// Only requests whose body contains this: where all of a service's requests have one path.
    var body: String?
    /// Only each n-th of the requests that fit (1 is every one).
    var every: Int?
    var status: Int?
    var milliseconds: Int?
}

/// One request as it came and what became of it.
struct LoggedRequest: Codable, Sendable {
    let number: Int
    let service: String
    let method: String
    let target: String
    /// Headers by lower-case name; of `authorization` only the scheme.
    let headers: [String: String]
    let body: String
    /// The answer's status; nil while it runs, and for one that got no answer.
    var status: Int?
    /// The fault that hit it.
    var fault: FaultOrder.Kind?
}

/// Faults to come and requests seen, of all stand-ins. Bounded: the oldest requests are forgotten.
final class Traffic: Sendable {
    static let requestLimit = 20_000

    fileprivate struct State {
        var orders: [(order: FaultOrder, seen: Int, left: Int?)] = []
        var requests: [LoggedRequest] = []
        var count = 0
        var running: [String: Int] = [:]
        var peak: [String: Int] = [:]
    }

    private let state = Mutex(State())

    /// Whether a request may run, and which faults hit it.
    enum Admission {
        case busy(number: Int)
        case admitted(number: Int, faults: [FaultOrder])
    }

    func order(_ fault: FaultOrder) {
        state.withLock { $0.orders.append((fault, 0, fault.count)) }
    }

    var pendingOrders: [FaultOrder] {
        state.withLock { state in
            state.orders.map { entry in
                var order = entry.order
                order.count = entry.left
                return order
            }
        }
    }

    func withdrawOrders() {
        state.withLock { $0.orders = [] }
    }

    /// Requests in the order they came, of one service or of all.
    func requests(of service: String?) -> [LoggedRequest] {
        state.withLock { state in state.requests.filter { service == nil || $0.service == service } }
    }

    func forgetRequests() {
        state.withLock {
            $0.requests = []
            $0.peak = [:]
        }
    }

    /// The most requests that ran at a time, by service, since the log was last emptied.
    var peaks: [String: Int] { state.withLock { $0.peak } }

    /// Notes a request and takes a slot of its service, if one is free.
    func enter(
        service: String, slots: Int?, method: String, target: String, headers: [String: String], body: String
    ) -> Admission {
        state.withLock { state in
            state.count += 1
            let number = state.count
            state.requests.append(
                LoggedRequest(
                    number: number, service: service, method: method, target: target, headers: headers, body: body))
            if state.requests.count > Self.requestLimit { state.requests.removeFirst(Self.requestLimit / 10) }

            let running = state.running[service, default: 0]
            if let slots, running >= slots { return .busy(number: number) }
            state.running[service] = running + 1
            state.peak[service] = max(state.peak[service, default: 0], running + 1)
            return .admitted(number: number, faults: state.takeFaults(service, method, target, body))
        }
    }

    /// Gives the slot back; a busy service took none.
    func leave(service: String) {
        state.withLock { $0.running[service, default: 0] -= 1 }
    }

    func answered(_ number: Int, status: Int?, fault: FaultOrder.Kind?) {
        state.withLock { state in
            guard let index = state.requests.lastIndex(where: { $0.number == number }) else { return }
            state.requests[index].status = status
            state.requests[index].fault = fault
        }
    }
}

extension Traffic.State {
    /// All delays that fit, and the first other fault that fits.
    fileprivate mutating func takeFaults(
        _ service: String, _ method: String, _ target: String, _ body: String
    ) -> [FaultOrder] {
        var taken: [FaultOrder] = []
        for index in orders.indices {
            let order = orders[index].order
            let fits =
                order.service == service && (order.method ?? method) == method
                && (order.path.map { target.contains($0) } ?? true) && (order.body.map { body.contains($0) } ?? true)
            guard fits, order.kind == .delay || !taken.contains(where: { $0.kind != .delay }) else { continue }
            orders[index].seen += 1
            guard orders[index].seen.isMultiple(of: max(order.every ?? 1, 1)) else { continue }
            taken.append(order)
            orders[index].left = orders[index].left.map { $0 - 1 }
        }
        orders.removeAll { $0.left == 0 }
        return taken
    }
}
