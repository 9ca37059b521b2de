import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Logging
import Reference

/// `wallet payments`: what was charged and what became of it; refunds; wires, which two persons book.
struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Shows payments, gives money back, and books wires by two persons.",
        discussion: """
            Examples:
              wallet payments list --state unknown
              wallet payments show 0193c1f2-5c3e-7a01-9d7e-3f5b8a1c2d3e
              wallet payments refund 0193c1f2-5c3e-7a01-9d7e-3f5b8a1c2d3e --amount 10.00
              wallet payments wire 4f6c… --amount 2500.00 --reference FT26327-0045
              wallet payments approve 5a0f…
            """,
        subcommands: [List.self, Show.self, Refund.self, Wire.self, Approve.self, Reject.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists payments, the newest first.")
        @Option(help: "Only those in this state: unknown, held, awaiting_approval, …") var state: String?
        @Option(help: "How many.") var limit = 50
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            if let state, Payment.State(rawValue: state) == nil { throw ValidationError("\(state) is no state") }
        }

        func run() async throws {
            let payments = try await WalletCommand.daemon.once(options) { context in
                try await PaymentStore(pool: context.pool).list(state: state, limit: limit)
            }
            var table = TextTable(["payment", "when", "customer", "by", "amount", "state", "outcome"], right: [4])
            for payment in payments {
                table.add([
                    payment.id.text, payment.createdAt.text, payment.customer.text, payment.method.rawValue,
                    payment.amount.text(.cents), payment.state.rawValue, payment.outcome ?? "",
                ])
            }
            print(payments.isEmpty ? "no payments" : table.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a payment and everything that became of it.")
        @Argument(transform: PaymentsCommand.id) var id: Identifier128
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let (payment, events) = try await WalletCommand.daemon.once(options) { context in
                let store = PaymentStore(pool: context.pool)
                return (try await store.read(id), try await store.events(of: id))
            }
            guard let payment else { throw ValidationError("there is no payment \(id.text)") }
            print("\(payment.id.text)  \(payment.purpose.rawValue) by \(payment.method.rawValue)")
            print("amount \(payment.amount.text(.cents)) USD, \(payment.state.rawValue) \(payment.outcome ?? "")")
            print("asked for by \(payment.requestedBy)\(payment.approvedBy.map { ", approved by \($0)" } ?? "")")
            for event in events { print(event) }
        }
    }

    struct Refund: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Gives a payment back: the balance falls at once, the processor is asked, and what it refuses comes back."
        )
        @Argument(transform: PaymentsCommand.id) var id: Identifier128
        @Option(help: "How much; all of what is left without it.", transform: PaymentsCommand.amount) var amount: Money?
        @Option(help: "A name of this refund: giving it again finds it instead of refunding twice.")
        var key: String?
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let refund = try await WalletCommand.daemon.once(options) { context in
                let key = key ?? "\(amount?.text(.cents) ?? "all")"
                return try await PaymentStore(pool: context.pool).beginRefund(
                    .named(by: Array("refund\u{0}\(id.text)\u{0}\(key)".utf8)), of: id, amount: amount,
                    by: PaymentsCommand.actor, at: Instant(milliseconds: context.clock.now()))
            }
            print(
                "\(refund.id.text)  \(refund.amount.text(.cents)) USD, \(refund.state.rawValue): wallet asks the processor"
            )
        }
    }

    struct Wire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Notes a wire that came in; a second person approves it before it is credited.")
        @Argument(help: "The customer's id.", transform: PaymentsCommand.id) var customer: Identifier128
        @Option(help: "In USD.", transform: PaymentsCommand.amount) var amount: Money
        @Option(help: "The bank's reference: it books the wire once.") var reference: String
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let wire = try await WalletCommand.daemon.once(options) { context in
                try await PaymentStore(pool: context.pool).noteWire(
                    of: CustomerID(customer), amount: amount, reference: reference, by: PaymentsCommand.actor,
                    at: Instant(milliseconds: context.clock.now()))
            }
            print("\(wire.id.text)  \(wire.amount.text(.cents)) USD, \(wire.state.rawValue)")
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Credits a wire that another person has noted.")
        @Argument(transform: PaymentsCommand.id) var id: Identifier128
        @OptionGroup var options: DaemonOptions

        func run() async throws { try await PaymentsCommand.decide(id, isApproved: true, options) }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Refuses a wire that another person has noted.")
        @Argument(transform: PaymentsCommand.id) var id: Identifier128
        @OptionGroup var options: DaemonOptions

        func run() async throws { try await PaymentsCommand.decide(id, isApproved: false, options) }
    }

    private static func decide(_ id: Identifier128, isApproved: Bool, _ options: DaemonOptions) async throws {
        let wire = try await WalletCommand.daemon.once(options) { context in
            try await PaymentStore(pool: context.pool).decideWire(
                id, isApproved: isApproved, by: actor, at: Instant(milliseconds: context.clock.now()))
        }
        print("\(wire.id.text)  \(wire.amount.text(.cents)) USD, \(wire.state.rawValue)")
    }

    private static var actor: String { "operator:\(ProcessInfo.processInfo.userName)" }

    private static func id(_ text: String) throws -> Identifier128 {
        guard let id = Identifier128(parsing: text) else { throw ValidationError("\(text) is no id") }
        return id
    }

    private static func amount(_ text: String) throws -> Money {
        let amount = try Money(parsing: text)
        guard amount > .zero, amount.isWhole(at: .cents) else {
            throw ValidationError("\(text) is no amount such as 25.00")
        }
        return amount
    }
}
