import ArgumentParser
import Core
import DaemonKit

/// `biller run-cycle`: what the schedule does, by hand.
struct RunCycleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-cycle", abstract: "Issues the invoices of every period that has ended, and exports them.",
        discussion: "Safe to run at any time and any number of times: a period is billed once.")
    @OptionGroup var options: DaemonOptions
    @Option(help: "The last invoice date that counts (default: today by the daemons' clock).") var date: String?
    @Option(help: "Bill this customer alone.") var customer: String?
    @ArgumentParser.Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        let day = try parsedDay(date)
        try await BillerCommand.daemon.once(options) { context in
            let biller = try BillerServices(context)
            if let day, day.startUTC.advanced(milliseconds: -86_400_000) > biller.now() {
                throw ValidationError("\(day.text) lies ahead of the clock")
            }
            let report = try await biller.runCycle(through: day, ban: customer, waiting: .seconds(300))
            print(json ? RunText.json(report.run, report.export) : RunText.text(report.run, report.export))
            if !report.run.parked.isEmpty { throw ExitCode(1) }
        }
    }
}

/// `biller preview`: the invoice that would be issued.
struct PreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Prints a customer's next invoice as it would be now; nothing is written.")
    @OptionGroup var options: DaemonOptions
    @Option(help: "The customer's BAN.") var customer: String
    @Option(help: "A day of the period (default: today in the customer's zone).") var date: String?
    @ArgumentParser.Flag(help: "Print the document as JSON.") var json = false

    func run() async throws {
        let day = try parsedDay(date)
        try await BillerCommand.daemon.once(options) { context in
            let biller = try BillerServices(context)
            let document = try await namingFaults(of: customer) { try await biller.run.preview(ban: customer, on: day) }
            guard let document else { return print("nothing to bill") }
            print(json ? try document.json(pretty: true) : document.text)
        }
    }
}

/// `biller invoices`: what was issued.
struct InvoicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoices", abstract: "Lists and shows invoices.", subcommands: [List.self, Show.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists invoices, newest first.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "Of this customer alone.") var customer: String?
        @Option(help: "How many.") var limit = 100
        @ArgumentParser.Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await BillerCommand.daemon.once(options) { context in
                let invoices = try await BillerServices(context).invoices.invoices(ban: customer, limit: limit)
                if json {
                    var writer = JSONWriter()
                    writer.array { writer in for invoice in invoices { invoice.write(to: &writer) } }
                    return print(writer.text)
                }
                var table = TextTable(
                    ["number", "BAN", "customer", "period", "due", "subtotal", "taxes", "amount due", "status"],
                    right: [5, 6, 7])
                for invoice in invoices {
                    table.add([
                        invoice.number, invoice.ban, invoice.name,
                        "\(invoice.periodStart.text) to \(invoice.periodEnd.text)", invoice.dueDate.text,
                        invoice.subtotal.text(.cents), invoice.taxes.text(.cents), invoice.amountDue.text(.cents),
                        invoice.status,
                    ])
                }
                print(table.text)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints one invoice.")
        @OptionGroup var options: DaemonOptions
        @Argument(help: "Its number or id.") var invoice: String
        @ArgumentParser.Flag(help: "Print the document as JSON.") var json = false

        func run() async throws {
            try await BillerCommand.daemon.once(options) { context in
                guard let document = try await BillerServices(context).invoices.document(invoice) else {
                    throw ValidationError("there is no invoice \(invoice)")
                }
                print(json ? try document.json(pretty: true) : document.text)
            }
        }
    }
}

/// A day of the command line.
private func parsedDay(_ text: String?) throws -> UsageDay? {
    guard let text else { return nil }
    guard let day = UsageDay(parsing: text) else { throw ValidationError("'\(text)' is no day such as 2026-12-01") }
    return day
}
