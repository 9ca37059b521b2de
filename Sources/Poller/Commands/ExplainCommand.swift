import ArgumentParser
import Core
import DaemonKit
import Foundation
import LiveReference

/// `poller explain`: how stored usage came to its charge.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explains how a stored record came to its charge, by the versions that rated it.",
        discussion: """
            Takes the id of rated or parked usage. What the versions of then come to is compared with what is stored. billingctl explain \
            does the same for records in a file.

            Examples:
              poller explain 05d57398-7d8a-46c1-b142-6cc88fef48f7
              poller explain 05d57398-7d8a-46c1-b142-6cc88fef48f7 --customer
              poller explain 05d57398-7d8a-46c1-b142-6cc88fef48f7 --json | jq .explanation.steps
            """)

    @Argument(help: "The record's id, as rated_cdr and parked usage have it.") var record: String
    @ArgumentParser.Flag(help: "Print JSON.") var json = false
    @ArgumentParser.Flag(help: "Leave out vendor, cost and margin: what can be read to a customer.") var customer =
        false
    @OptionGroup var options: DaemonOptions

    func validate() throws {
        guard UsageID(parsing: record) != nil else { throw ValidationError("the id of a record is a UUID") }
        if json, customer {
            throw ValidationError("--customer is about the text; JSON marks each step as internal or not")
        }
    }

    func run() async throws {
        guard let id = UsageID(parsing: record) else { return }
        let explained = try await PollerCommand.daemon.once(options) { context in
            let reference = context.reference
            return try await UsageExplainer(pool: context.pool, reference: reference).explain(id)
        }
        guard let explained else {
            FileHandle.standardError.write(Data("no rated or parked usage has the id \(record)\n".utf8))
            throw ExitCode(66)
        }
        if json {
            print(String(decoding: explained.json, as: UTF8.self))
        } else {
            print(explained.explanation.text(forCustomer: customer))
        }
        if explained.isSame == false {
            FileHandle.standardError.write(
                Data("what is stored differs from this: poller replay shows the columns\n".utf8))
            throw ExitCode(1)
        }
    }
}
