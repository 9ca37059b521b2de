import ArgumentParser
import Core
import DaemonKit
import Foundation
import Reference

/// `wallet notifications`: who is told of what, and what did not arrive.
struct NotificationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notifications", abstract: "Manages who is told of what by webhook or e-mail.",
        discussion: """
            Examples:
              wallet notifications list
              wallet notifications add https://ops.example.com/warp --kind fraud.alert --kind hold.uncaptured
              wallet notifications add billing@customer.example --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10
              wallet notifications test 0b7e9a52-2f6b-4a0e-8f5d-7c1f6f1f4f7a
              wallet notifications list --undelivered
              wallet notifications retry --all
            """,
        subcommands: [List.self, Add.self, Remove.self, Retry.self, Test.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists subscriptions, operators' first; or notifications that did not arrive, the oldest first.")
        @ArgumentParser.Flag(help: "Notifications that wait or were given up.") var undelivered = false
        @Option(help: "How many notifications.") var limit = 50
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let table = try await WalletCommand.daemon.once(options) { context in
                undelivered
                    ? Self.table(of: try await Notifications.wallet.undelivered(limit: limit, in: context.pool))
                    : Self.table(of: try await Notifications.wallet.subscriptions(in: context.pool))
            }
            print(table.text)
        }

        private static func table(of statuses: [NotificationSubscriptionStatus]) -> TextTable {
            TextTable(
                ["ID", "FOR", "CHANNEL", "TARGET", "KINDS", "WAITING", "GIVEN UP"], right: [5, 6],
                rows: statuses.map { status in
                    let subscription = status.subscription
                    return [
                        subscription.id.uuidString.lowercased(),
                        subscription.customer.map { $0.uuidString.lowercased() } ?? "operators",
                        subscription.channel.rawValue, subscription.target,
                        subscription.kinds.isEmpty ? "all" : subscription.kinds.joined(separator: ","),
                        "\(status.pending)", "\(status.failed)",
                    ]
                })
        }

        private static func table(of notifications: [UndeliveredNotification]) -> TextTable {
            TextTable(
                ["ID", "KIND", "STATE", "ATTEMPTS", "TARGET", "LAST ERROR"], right: [3],
                rows: notifications.map { notification in
                    [
                        notification.id.uuidString.lowercased(), notification.kind, notification.state,
                        "\(notification.attempts)", notification.target, notification.lastError ?? "-",
                    ]
                })
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a subscription of operators, or of one customer.",
            discussion: """
                A URL gets webhooks, signed with a secret that is printed once; an address gets e-mail. Operators are told of every \
                customer, a customer of what is about them. One that was removed is taken up again, with a new secret.
                """)
        @Argument(help: "An http or https URL, or an e-mail address.") var target: String
        @Option(help: "The id of the customer whose subscription it is. Default: operators.") var customer: String?
        @Option(name: .customLong("kind"), help: "A kind it wants, such as balance.low; repeat it. Default: all.")
        var kinds: [String] = []
        @OptionGroup var options: DaemonOptions

        private var channel: NotificationSubscription.Channel { target.contains("://") ? .webhook : .email }

        func validate() throws {
            if let fault = NotificationSubscription.fault(of: target, channel) { throw ValidationError(fault) }
            if let customer, CustomerID(parsing: customer) == nil {
                throw ValidationError("\(customer) is no id of a customer")
            }
            for kind in kinds where NoticeKind(rawValue: kind) == nil {
                let known = NoticeKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("no kind \(kind): \(known)")
            }
        }

        func run() async throws {
            let added = try await WalletCommand.daemon.once(options) { context in
                try await NotificationDesk(context).add(
                    customer: customer.flatMap { CustomerID(parsing: $0) }, channel: channel, target: target,
                    kinds: Set(kinds).sorted())
            }
            guard let added else { throw ExitCode.failing("\(target) is subscribed already; remove it first") }
            print("subscription \(added.id.uuidString.lowercased())")
            if let secret = added.secret { print("secret \(secret.revealed)") }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a subscription; what waits for it is not sent any more.")
        @Argument(help: "The id that the list shows.") var id: String
        @OptionGroup var options: DaemonOptions

        func validate() throws { _ = try identifier(id) }

        func run() async throws {
            let id = try identifier(id)
            let isRemoved = try await WalletCommand.daemon.once(options) { context in
                try await NotificationDesk(context).remove(id)
            }
            guard isRemoved else { throw ExitCode.failing("there is no subscription \(self.id)") }
            print("removed")
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends notifications again that wait or were given up; one that is on its way may arrive twice.")
        @Argument(help: "The id that the list of undelivered ones shows.") var id: String?
        @ArgumentParser.Flag(help: "All of them.") var all = false
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard (id == nil) == all else { throw ValidationError("give an id or --all") }
            if let id { _ = try identifier(id) }
        }

        func run() async throws {
            let only = try id.map(identifier)
            let count = try await WalletCommand.daemon.once(options) { context in
                try await NotificationDesk(context).retry(only: only)
            }
            if let id, count == 0 { throw ExitCode.failing("no notification \(id) waits or was given up") }
            print("\(count) due now")
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends a notification of the kind notification.test to one subscription, once and now.")
        @Argument(help: "The subscription's id.") var id: String
        @OptionGroup var options: DaemonOptions

        func validate() throws { _ = try identifier(id) }

        func run() async throws {
            let id = try identifier(id)
            let outcome: (isFound: Bool, problem: String?) = try await WalletCommand.daemon.once(options) { context in
                guard let test = try await NotificationDesk(context).beginTest(of: id) else { return (false, nil) }
                let sender = try context.notificationSender(.wallet) { try NoticeTexts.text(of: $0) }
                return (true, try await sender.sendNow(test))
            }
            guard outcome.isFound else { throw ExitCode.failing("there is no subscription \(self.id)") }
            if let problem = outcome.problem { throw ExitCode.failing(problem) }
            print("sent")
        }
    }
}

/// The id in a text that somebody typed.
private func identifier(_ text: String) throws -> UUID {
    guard let id = UUID(uuidString: text) else { throw ValidationError("\(text) is no id") }
    return id
}

extension ExitCode {
    /// Says why on standard error; the program ends with 66, as for an input that is not there.
    fileprivate static func failing(_ message: String) -> ExitCode {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        return ExitCode(66)
    }
}
