import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// What one client may take of a daemon: connections, headers, and time to say what it wants. Whoever goes over is cut off; nginx in
/// front has its own, tighter bounds.
enum HTTPBounds {
    /// Connections at once; more wait in the kernel's queue.
    static let connections = MaximumAvailableConnections(4_096)
    /// How long a connection may be without a whole head or a part of a body, between requests too.
    private static let silence = TimeAmount.seconds(60)
    /// How long a body may take, however steadily it drips.
    private static let body = TimeAmount.seconds(60)

    /// The server's configuration.
    static func configuration(body limit: TimeAmount = body) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [BodyDeadline(limit: limit)], idleTimeout: silence,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100))
    }
}

/// Closes the connection of a request whose body does not end within a limit.
final class BodyDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(in: limit) { context.value.close(promise: nil) }
        case .body: break
        case .end: cancel()
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        timer?.cancel()
        timer = nil
    }
}
