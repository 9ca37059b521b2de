/// Hands messages to a mail server, by libcurl on a thread of its own: one after the other, each on a connection of its own.
public actor SMTPClient {
    private let thread: BlockingThread
    private let server: SMTPServer

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init(server: SMTPServer) {
        self.server = server
        thread = BlockingThread(name: "smtp")
    }

    /// Returns once the server has taken the message.
    public func send(_ message: MailMessage) throws(SMTPError) {
        if Task.isCancelled { throw .cancelled }
        try SMTPSession.send(message, by: server)
    }
}

/// Where and how mail is handed over.
public struct SMTPServer: Sendable {
    /// What an `smtp://` server is asked for; `smtps://` is TLS from the first byte.
    public enum StartTLS: String, Sendable, CaseIterable {
        /// Without it nothing is sent.
        case required
        /// Used where the server offers it; whoever sits between can take the offer away.
        case offered
        case none
    }

    /// `smtp://mail.example.com:587` or `smtps://mail.example.com`, without a path.
    public let url: String
    public let startTLS: StartTLS
    /// Nil sends without a login.
    public let user: String?
    public let password: Secret?
    /// From the start until the message is taken.
    public let deadline: Duration
    /// A file of PEM certificates to trust instead of the system's.
    public let certificateFile: String?

    /// A server; nil where the URL is none of the two kinds.
    public init?(
        url: String, startTLS: StartTLS = .required, user: String? = nil, password: Secret? = nil,
        deadline: Duration = .seconds(10), certificateFile: String? = nil
    ) {
        var rest = url[...]
        guard let scheme = ["smtp://", "smtps://"].first(where: url.hasPrefix) else { return nil }
        rest = rest.dropFirst(scheme.count)
        if rest.last == "/" { rest.removeLast() }
        // A user or password in the URL would stand in the configuration file.
        let isHost = { (byte: UInt8) in byte > 32 && byte < 127 && !"/@?#\\\"".utf8.contains(byte) }
        guard !rest.isEmpty, rest.utf8.allSatisfy(isHost) else { return nil }
        self.url = scheme + rest
        self.startTLS = startTLS
        self.user = user
        self.password = password
        self.deadline = deadline
        self.certificateFile = certificateFile
    }

    /// Whether the login and the message never travel in the open.
    public var isEncrypted: Bool { url.hasPrefix("smtps://") || startTLS == .required }
}
