import ArgumentParser
import Core
import DaemonKit

/// `biller customers`: who is billed (M27).
struct CustomersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customers", abstract: "Loads, changes and lists customers.",
        subcommands: [Load.self, Set.self, List.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a JSON file of customers, all or none; who is there already is changed.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "A JSON array of customers.") var file: String

        func run() async throws {
            let customers = try namingFaults(of: file) { try CustomerFile(try FileOutput.read(file)).customers }
            try await BillerCommand.daemon.once(options) { context in
                let biller = try BillerServices(context)
                let outcome = try await namingFaults(of: file) {
                    try await biller.customers.load(customers, actor: BillerCommand.actor, at: biller.now())
                }
                print("\(outcome.added) customers added, \(outcome.changed) changed")
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Changes fields of one customer.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "The customer's BAN.") var ban: String
        @Argument(help: "Fields as the file names them: payment_terms=NET_60.") var assignments: [String]

        func run() async throws {
            try await BillerCommand.daemon.once(options) { context in
                let biller = try BillerServices(context)
                let assignments = assignments
                let isKnown = try await namingFaults(of: ban) {
                    try await biller.customers.change(ban, actor: BillerCommand.actor, at: biller.now()) { customer in
                        let changed = try customer.setting(assignments)
                        guard changed.id == customer.id, changed.ban == customer.ban else {
                            throw FileFaults(
                                faults: [FileFault(path: "/ban", problem: "and id are a customer's for good")])
                        }
                        return changed
                    }
                }
                guard isKnown else { throw ValidationError("no customer has the BAN \(ban)") }
                print("\(ban) changed")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists all customers.")
        @OptionGroup var options: DaemonOptions
        @ArgumentParser.Flag(help: "As a file that `load` takes.") var json = false

        func run() async throws {
            try await BillerCommand.daemon.once(options) { context in
                let customers = try await BillerServices(context).customers.customers()
                if json {
                    var writer = JSONWriter()
                    writer.array { writer in for customer in customers { customer.json.write(to: &writer) } }
                    return print(writer.text)
                }
                var table = TextTable(["BAN", "name", "model", "cycle", "terms", "zone", "billed from"])
                for customer in customers {
                    table.add([
                        customer.ban.text, customer.name, customer.model.rawValue, customer.cycle.length.text,
                        customer.terms.rawValue, customer.cycle.clock.identifier, customer.billedFrom.text,
                    ])
                }
                print(table.text)
            }
        }
    }
}

/// `biller taxes`: the tax table.
struct TaxesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taxes", abstract: "Loads the tax table.", subcommands: [Load.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replaces the tax table by a file's: USF factors and the taxes of states.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "JSON with the arrays usf and rules.") var file: String

        func run() async throws {
            let rates = try namingFaults(of: file) { try TaxFile(try FileOutput.read(file)).rates }
            try await BillerCommand.daemon.once(options) { context in
                let biller = try BillerServices(context)
                try await biller.taxes.load(rates, actor: BillerCommand.actor, at: biller.now())
                print("\(rates.count) tax rates loaded")
            }
        }
    }
}

/// Runs the body; the faults of a file are listed one a line, and the command fails.
func namingFaults<Result>(of file: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let faults as FileFaults {
        throw ValidationError("\(file) was not taken:\n\(faults)")
    } catch let error as BillerError {
        throw ValidationError("\(error)")
    }
}

/// The same for a body that waits.
func namingFaults<Result>(of file: String, _ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let faults as FileFaults {
        throw ValidationError("\(file) was not taken:\n\(faults)")
    } catch let error as BillerError {
        throw ValidationError("\(error)")
    }
}
