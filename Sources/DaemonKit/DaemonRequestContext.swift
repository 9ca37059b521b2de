public import Foundation
public import Hummingbird
package import NIOCore

/// Who calls a route, as their token says.
public enum Caller: Sendable, Hashable {
    /// A customer, who sees only what is theirs.
    case customer(UUID)
    /// A machine of ours.
    case service(name: String)
    /// A person of ours.
    case `operator`(name: String)

    /// What kind of caller it is.
    public var kind: CallerKind {
        switch self {
        case .customer: .customer
        case .service: .service
        case .operator: .operator
        }
    }

    /// As the audit trail names them: `operator:ada`.
    public var actor: String {
        switch self {
        case .customer(let id): "customer:\(id.uuidString.lowercased())"
        case .service(let name): "service:\(name)"
        case .operator(let name): "operator:\(name)"
        }
    }
}

/// The kinds of callers: what a key may be made for.
public enum CallerKind: String, Sendable, Hashable, CaseIterable {
    case customer
    case service
    case `operator`
}

/// Who is at the other end of a connection.
public struct Peer: Sendable {
    private let address: SocketAddress?

    /// Whoever has this address; nil where it is not known.
    package init(_ address: SocketAddress?) { self.address = address }

    /// Whether it is a process of the same host: over a Unix socket, or a loopback address.
    public var isLocal: Bool {
        switch address {
        case .unixDomainSocket: true
        case .v4(let address):
            address.address.sin_addr.s_addr & UInt32(bigEndian: 0xFF00_0000) == UInt32(bigEndian: 0x7F00_0000)
        case .v6: address?.ipAddress == "::1"
        case nil: false
        }
    }
}

/// What travels with a request through a daemon's routes.
public struct DaemonRequestContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Who calls; nil on routes without `BearerAuth`.
    public var caller: Caller?
    /// The key of a request that changes something; nil without `IdempotentRequests`, and where nothing is changed.
    public var idempotency: IdempotencyKey?
    /// Who is at the other end of the connection.
    public let peer: Peer

    public init(source: Source) {
        peer = Peer(source.channel.remoteAddress)
        coreContext = CoreRequestContextStorage(source: source)
    }

    /// Who calls.
    /// - Throws: 401 on a route that nobody was let through to.
    public func knownCaller() throws(APIError) -> Caller {
        guard let caller else { throw .unauthorized }
        return caller
    }

    /// The request's key, by which a handler names what it makes.
    /// - Throws: 400 on a route that no key was asked for.
    public func idempotencyKey() throws(APIError) -> IdempotencyKey {
        guard let idempotency else { throw APIError(.badRequest, reason: "IDEMPOTENCY_KEY_REQUIRED") }
        return idempotency
    }

    /// Whose data the route shows: the calling customer's own, or, for operators and services, the one they asked for.
    /// - Throws: 403 when a customer asks for another's, 422 when nobody was named.
    public func customerID(asked: UUID?) throws(APIError) -> UUID {
        switch try knownCaller() {
        case .customer(let id):
            guard asked == nil || asked == id else { throw .forbidden }
            return id
        case .service, .operator:
            guard let asked else { throw .invalid(pointer: "/customer_id", reason: "MISSING_FIELD") }
            return asked
        }
    }
}
