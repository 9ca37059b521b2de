import ArgumentParser
import Core
import DaemonKit
import Foundation
import Reference

/// `wallet limits`: the limits and actions of fraud control, everybody's and those of single customers (rule F8).
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Shows and sets the limits and actions of fraud control.",
        discussion: """
            Without --customer they are everybody's; a customer's own go on top. They are in force from the next batch of usage.

            Examples:
              wallet limits show
              wallet limits set --limit calls_per_minute=120 --limit spend_per_hour=500.00
              wallet limits show --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10
              wallet limits set --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10 --limit international_minutes=2000
              wallet limits set --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10 --actions spend_per_hour=require_manual_review
              wallet limits set --actions calls_per_minute=
              wallet limits set --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10 --clear international_minutes
            """,
        subcommands: [Show.self, Set.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the limits that are in force.")
        @Option(help: "Those of this customer, by id.", transform: FraudCommand.id) var customer: Identifier128?
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let (common, own) = try await WalletCommand.daemon.once(options) { context in
                let limits = FraudLimits(pool: context.pool)
                let own: SpendLimitsDocument? =
                    if let customer { try await limits.read(of: CustomerID(customer)) } else { nil }
                return (try await limits.read(of: nil), own)
            }
            print(LimitsCommand.table(common, own))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sets limits and actions; the others stay.")
        @Option(help: "Those of this customer, by id; everybody's without it.", transform: FraudCommand.id)
        var customer: Identifier128?
        @Option(help: "A check and its limit: calls_per_minute=120.") var limit: [String] = []
        @Option(help: "A check and what follows, with commas; nothing after = is the record of it alone.")
        var actions: [String] = []
        @Option(help: "A check that gets back what it had without this.") var clear: [String] = []
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard !(limit + actions + clear).isEmpty else {
                throw ValidationError("one of --limit, --actions and --clear is needed")
            }
            var document = SpendLimitsDocument()
            do { try edits.apply(to: &document) } catch let fault as SpendLimitsDocument.Fault {
                throw ValidationError(fault.message)
            }
        }

        func run() async throws {
            let edits = edits
            do {
                let (common, own) = try await WalletCommand.daemon.once(options) { context in
                    let limits = FraudLimits(pool: context.pool)
                    let changed = try await limits.change(
                        of: customer.map { CustomerID($0) }, actor: FraudCommand.actor,
                        at: Instant(milliseconds: context.clock.now())
                    ) { try edits.apply(to: &$0) }
                    return customer == nil ? (changed, nil) : (try await limits.read(of: nil), changed)
                }
                print(LimitsCommand.table(common, own))
            } catch FraudError.unknownCustomer {
                throw FraudCommand.failing("there is no customer \(customer?.text ?? "")", code: 66)
            }
        }

        private var edits: LimitEdits { LimitEdits(limits: limit, actions: actions, cleared: clear) }
    }

    /// Each check with its limit and actions, and whose they are.
    static func table(_ common: SpendLimitsDocument, _ own: SpendLimitsDocument?) -> String {
        let limits = SpendLimits().with(common).with(own ?? SpendLimitsDocument())
        var table = TextTable(["check", "limit", "of", "whose", "actions"], right: [1])
        for check in FraudCheck.allCases {
            let whose =
                own?.rules[check] != nil ? "the customer's" : common.rules[check] != nil ? "everybody's" : "default"
            let actions = limits.actions[check] ?? []
            table.add([
                check.rawValue, limits.text(of: check), check.unit, whose,
                actions.isEmpty ? "-" : actions.map(\.rawValue).joined(separator: " "),
            ])
        }
        return table.text
    }
}

/// Changes of limits as they are typed.
private struct LimitEdits: Sendable {
    /// `calls_per_minute=120`
    let limits: [String]
    /// `spend_per_hour=notify_customer,require_manual_review`
    let actions: [String]
    /// Names of checks.
    let cleared: [String]

    func apply(to document: inout SpendLimitsDocument) throws {
        for name in cleared { document.clear(try SpendLimitsDocument.check(name)) }
        for text in limits {
            let (check, value) = try pair(text)
            try document.set(limit: value, of: check)
        }
        for text in actions {
            let (check, value) = try pair(text)
            try document.set(actions: value.split(separator: ",").map(String.init), of: check)
        }
    }

    private func pair(_ text: String) throws -> (FraudCheck, String) {
        guard let equals = text.firstIndex(of: "=") else {
            throw SpendLimitsDocument.Fault(message: "\(text) is no pair such as calls_per_minute=120")
        }
        return (try SpendLimitsDocument.check(String(text[..<equals])), String(text[text.index(after: equals)...]))
    }
}
