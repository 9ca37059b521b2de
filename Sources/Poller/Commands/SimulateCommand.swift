import ArgumentParser
import Core
import DaemonKit
import Foundation
import LiveReference
import Reference

/// `poller simulate`: what a customer's past usage would have cost by another plan.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Shows what a customer's past usage would have cost by another plan.",
        discussion: """
            The plan takes the place of all that the customer has of its type (voice, tollfree, sms or api), whatever days it is for.
            It is checked as if it were loaded; nothing is written.

            Example:
              poller simulate --plan offer.json --customer BAN100001 --from 2026-10-01 --to 2026-10-31
            """)

    @Option(help: "The plan's file, as load-plan takes it, with one plan in it.") var plan: String
    @Option(help: "The customer's account number.") var customer: String
    @Option(help: "The first UTC day, such as 2026-10-01.") var from: String
    @Option(help: "The last UTC day.") var to: String
    @OptionGroup var options: DaemonOptions

    func validate() throws {
        guard let first = UsageDay(parsing: from), let last = UsageDay(parsing: to) else {
            throw ValidationError("--from and --to are days such as 2026-10-01")
        }
        guard first <= last else { throw ValidationError("--from comes after --to") }
    }

    func run() async throws {
        guard let first = UsageDay(parsing: from), let last = UsageDay(parsing: to) else { return }
        do {
            let plan = try PlanFile.only(at: plan).plan
            let ban = try BAN(parsing: customer, field: "--customer")
            let report = try await PollerCommand.daemon.once(options) { context in
                let reference = context.reference
                let tables = try await reference.tables()
                guard tables.customer(ban) != nil else { throw CommandFault("no customer has the account \(customer)") }
                let scope = RerateScope(days: first...last, customerBAN: customer)
                return try await PlanSimulation(
                    pool: context.pool, tables: tables, plan: plan, customer: ban, days: scope.days
                ).run(scope) { records in
                    guard isatty(2) == 1 else { return }
                    FileHandle.standardError.write(Data("\r\(records) records".utf8))
                }
            }
            print("\(customer) by \(plan.id), \(from) to \(to): \(report.total.difference.signed(.charge)) USD\n")
            print(report.text)
        } catch let fault as CommandFault {
            FileHandle.standardError.write(Data("\(fault.text)\n".utf8))
            throw ExitCode(65)
        } catch let faults as FileFaults {
            FileHandle.standardError.write(Data("\(faults)\n".utf8))
            throw ExitCode(65)
        }
    }

    /// What is wrong with what was asked.
    private struct CommandFault: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }
}
