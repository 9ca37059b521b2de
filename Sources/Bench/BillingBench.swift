import ArgumentParser

/// Measures the parts of WARP Billing that must be fast. `deploy/bench.sh NAME` makes the data and runs it.
@main
struct BillingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing-bench", abstract: "Measures WARP Billing; prints a line of JSON for each figure.",
        subcommands: [RateCommand.self, ParseCommand.self, IngestCeilingCommand.self, WalletCallersCommand.self])
}

/// `billing-bench rate`
struct RateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "Rating: records a second, JSON, loading a deck, memory, re-rating.")

    @Option(help: "The directory that deploy/bench/gen_rate.py wrote.") var data: String

    @Option(help: "The name of a row: nothing else is measured, for a profile of it.") var only: String?

    func run() async throws {
        try await RateBench(directory: data).run(only: only)
    }
}
