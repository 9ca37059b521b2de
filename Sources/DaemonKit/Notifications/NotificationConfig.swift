public import Drivers

/// The keys of a daemon that notifies.
public enum NotificationConfig {
    /// The mail server.
    public static let smtpURL = ConfigKey.optionalText(
        "notifications.smtpUrl",
        help: "The mail server, smtp://host:port or smtps://host:port; without it no e-mail is sent.")
    /// Whether its connection must be encrypted.
    public static let smtpStartTLS = ConfigKey.choice(
        "notifications.smtpStartTls", of: SMTPServer.StartTLS.allCases.map(\.rawValue), default: "required",
        help: "Whether an smtp:// server must encrypt (required), may (offered), or is not asked to (none).")
    /// As whom we log in.
    public static let smtpUser = ConfigKey.optionalText(
        "notifications.smtpUser",
        help: "The user as whom the mail server is logged in to; without it there is no login."
    )
    /// With which password.
    public static let smtpPassword = ConfigKey.secret(
        "notifications.smtpPassword", help: "The password of the mail server's user.")
    /// Who writes.
    public static let from = ConfigKey.optionalText(
        "notifications.from",
        help: "Who e-mail is from, such as Example Billing <billing@example.com>; its domain is our name to the server."
    )
    /// When a notification is given up.
    public static let giveUpHours = ConfigKey.integer(
        "notifications.giveUpHours", default: 72, in: 1...720,
        help: "Hours after which a notification that nobody takes is given up.")
    /// How many are sent at once.
    public static let concurrency = ConfigKey.integer(
        "notifications.concurrency", default: 8, in: 1...64, help: "How many notifications one instance sends at once.")
    /// Between looks.
    public static let interval = ConfigKey.integer(
        "notifications.intervalSeconds", default: 2, in: 1...60,
        help: "Seconds between looks for notifications to send.")
    /// How long settled ones are known.
    public static let keptDays = ConfigKey.integer(
        "notifications.keptDays", default: 90, in: 8...800,
        help: "Days that notifications are known after they were made, once they are sent or given up.")

    /// All of them.
    public static let keys = ConfigKeys(
        smtpURL, smtpStartTLS, smtpUser, smtpPassword, from, giveUpHours, concurrency, interval, keptDays
    ) { config in
        do throws(ConfigFault) {
            _ = try mailServer(config)
            return []
        } catch {
            return [error]
        }
    }

    /// How notifications are sent.
    static func settings(_ config: Config) -> NotificationSettings {
        var settings = NotificationSettings()
        settings.concurrency = config[concurrency]
        settings.interval = .seconds(config[interval])
        settings.giveUpSeconds = config[giveUpHours] * 3_600
        settings.keptDays = config[keptDays]
        return settings
    }

    /// The mail server and who writes; nil where no mail is configured.
    static func mailServer(_ config: Config) throws(ConfigFault) -> (server: SMTPServer, from: MailAddress)? {
        guard let url = config[smtpURL] else { return nil }
        guard
            let server = SMTPServer(
                url: url, startTLS: SMTPServer.StartTLS(rawValue: config[smtpStartTLS]) ?? .required,
                user: config[smtpUser], password: config[smtpPassword])
        else {
            throw fault(smtpURL.declaration, "is neither smtp://host:port nor smtps://host:port")
        }
        guard server.user == nil || server.isEncrypted else {
            throw fault(smtpUser.declaration, "would travel in the open: set notifications.smtpStartTls to required")
        }
        guard (server.user == nil) == (server.password == nil) else {
            throw fault(smtpPassword.declaration, "goes with notifications.smtpUser, and without it there is none")
        }
        guard let address = config[from].flatMap(MailAddress.init(parsing:)) else {
            throw fault(from.declaration, "is no address; it is required where notifications.smtpUrl is set")
        }
        return (server, address)
    }

    private static func fault(_ key: ConfigDeclaration, _ problem: String) -> ConfigFault {
        ConfigFault(key: key.name, problem: problem)
    }
}

extension DaemonContext {
    /// A sender of the daemon's notifications, as it is configured; `text` is what one of them says in an e-mail.
    public func notificationSender(
        _ notifications: Notifications, text: @escaping @Sendable (OutgoingNotification) throws -> NoticeText
    ) throws -> NotificationSender {
        let mail = try NotificationConfig.mailServer(config).map {
            NotificationMail(server: $0.server, from: $0.from, text: text)
        }
        return NotificationSender(
            notifications, pool: pool, settings: NotificationConfig.settings(config), mail: mail, loop: loop)
    }

    /// Sends the daemon's notifications as long as it runs.
    public func sendNotifications(
        _ notifications: Notifications, text: @escaping @Sendable (OutgoingNotification) throws -> NoticeText
    ) throws {
        let sender = try notificationSender(notifications, text: text)
        add(sender)
        schedule("keep-up-notifications", .every(seconds: 60)) { try await sender.keepUp() }
    }
}
