import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import LiveReference
import Reference

/// `poller shadow`: a second plan on live traffic.
struct ShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow", abstract: "Rates a customer's live usage by a second plan, apart from what is billed.",
        discussion: """
            The plan takes the place of all that the customer has of its type (voice, tollfree, sms or api). What it comes to stands in \
            shadow_rated; no wallet and no invoice reads that. simulate does the same for past usage.

            Examples:
              poller shadow start spring-offer --plan offer.json --customer BAN100001 --by ada
              poller shadow report spring-offer --from 2026-11-01 --to 2026-11-15
              poller shadow stop spring-offer --by ada
            """,
        subcommands: [List.self, Start.self, Report.self, Stop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists shadow plans.")
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let plans = try await PollerCommand.daemon.once(options) { context in
                try await ShadowPlanStore(pool: context.pool).plans()
            }
            if plans.isEmpty { return print("there is no shadow plan") }
            var table = TextTable(["name", "customer", "plan", "started", "stopped"])
            for plan in plans {
                table.add([
                    plan.name, plan.customer.text, plan.plan.id, plan.startedAt.text, plan.stoppedAt?.text ?? "-",
                ])
            }
            print(table.text)
        }
    }

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Starts a plan with what is rated from now on.")
        @Argument(help: "A name of its own.") var name: String
        @Option(help: "The plan's file, as load-plan takes it, with one plan in it.") var plan: String
        @Option(help: "The customer's account number.") var customer: String
        @Option(help: "Who, as the audit trail names them.") var by: String
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            try await ShadowCommand.refusing {
                let offered = try PlanFile.only(at: plan)
                let ban = try BAN(parsing: customer, field: "--customer")
                try await PollerCommand.daemon.once(options) { context in
                    let tables = try await context.reference.tables()
                    guard tables.customer(ban) != nil else { throw ShadowRefusal.unknownCustomer(customer) }
                    try await ShadowPlanStore(pool: context.pool).start(
                        name, offered.document, for: ban, by: by, at: Instant(milliseconds: context.clock.now()))
                }
                print("\(name)  \(offered.plan.id) rates \(customer) beside what is billed")
            }
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops a plan; what it rated stays.")
        @Argument(help: "Its name.") var name: String
        @Option(help: "Who, as the audit trail names them.") var by: String
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            try await ShadowCommand.refusing {
                let isNew = try await PollerCommand.daemon.once(options) { context in
                    try await ShadowPlanStore(pool: context.pool).stop(
                        name, by: by, at: Instant(milliseconds: context.clock.now()))
                }
                print(isNew ? "\(name)  stopped" : "\(name)  was stopped before")
            }
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what was charged and what the plan would have charged.")
        @Argument(help: "Its name.") var name: String
        @Option(help: "The first UTC day, such as 2026-11-01.") var from: String?
        @Option(help: "The last UTC day.") var to: String?
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard (from == nil) == (to == nil) else { throw ValidationError("--from and --to come together") }
            guard let from, let to else { return }
            guard let first = UsageDay(parsing: from), let last = UsageDay(parsing: to), first <= last else {
                throw ValidationError("--from and --to are days such as 2026-10-01, in this order")
            }
        }

        func run() async throws {
            let first = from.flatMap { UsageDay(parsing: $0) }
            let last = to.flatMap { UsageDay(parsing: $0) }
            try await ShadowCommand.refusing {
                let (plan, report) = try await PollerCommand.daemon.once(options) { context in
                    let plan = try await ShadowPlanStore(pool: context.pool).plan(named: name)
                    let days = first.flatMap { first in last.map { first...$0 } }
                    return (plan, try await ShadowReport.read(plan, days, from: context.pool))
                }
                print(
                    "\(plan.name): \(plan.customer.text) by \(plan.plan.id): \(report.total.difference.signed(.charge)) USD\n"
                )
                print(report.text)
            }
        }
    }

    /// Tells what is wrong with what was asked, and ends with 65.
    fileprivate static func refusing(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let refusal as ShadowRefusal {
            try fail("\(refusal)")
        } catch let reason as RejectReason {
            try fail("\(reason.field): \(reason.message)")
        } catch let faults as FileFaults {
            try fail("\(faults)")
        }
    }

    private static func fail(_ text: String) throws -> Never {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
        throw ExitCode(65)
    }
}
