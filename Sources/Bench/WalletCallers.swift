import ArgumentParser
import DaemonKit
import Foundation
import Wallet

/// `billing-bench wallet`
struct WalletCallersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet",
        abstract: "Asks wallet for calls within its own process, without HTTP, and prints a line of JSON.",
        discussion: """
            The daemon runs in this process as `wallet serve` runs it, of the same configuration. No two calls are
            alike, and each must be granted and its money held, or there is no figure: deploy/bench.sh wallet
            compares it with pgbench in the same run.

            Example:
              WARP_HTTP_PORT=0 billing-bench wallet --config wallet.yaml --questions questions.jsonl
            """)

    @OptionGroup var options: DaemonOptions

    @Option(help: "A file of questions as switches ask them, without sip_uuid, one line of JSON each.")
    var questions: String

    @Option(help: "How many callers ask at once.") var callers = 256

    @Option(help: "For how many seconds they ask.") var seconds = 10.0

    func validate() throws {
        guard callers > 0, seconds > 0 else { throw ValidationError("callers and seconds are above 0") }
    }

    func run() async throws {
        let asked = try String(contentsOfFile: questions, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(WalletCallers.Question.self, from: Data($0.utf8))
        }
        guard !asked.isEmpty else { throw ValidationError("\(questions) holds no question") }
        let (callers, seconds) = (callers, seconds)
        let answered = try await WalletCommand.daemon.run(options, build: WalletCommand.assemble) { desk in
            func ask(_ callers: Int, for duration: Duration) async throws -> WalletCallers.Answered {
                try await WalletCallers(desk: desk, questions: asked).ask(callers: callers, for: duration)
            }
            // The first answer waits for the reference data; then every plan and page gets warm.
            _ = try await ask(1, for: .zero)
            _ = try await ask(callers, for: .seconds(2))
            return try await ask(callers, for: .seconds(seconds))
        }
        FileHandle.standardOutput.write(try JSONEncoder().encode(answered) + Data("\n".utf8))
    }
}

/// Callers of wallet in its own process, each of which asks for the next call as soon as it was answered.
struct WalletCallers: Sendable {
    let desk: CallDesk
    let questions: [Question]
    /// Begins the names of the calls: no other run's do.
    private let name = UUID().uuidString

    init(desk: CallDesk, questions: [Question]) {
        self.desk = desk
        self.questions = questions
    }

    /// What a switch asks, without the call's name.
    struct Question: Decodable, Sendable {
        let customerBAN: String
        let ani: String
        let dni: String
        let direction: String

        private enum CodingKeys: String, CodingKey {
            case ani, dni, direction
            case customerBAN = "customer_ban"
        }
    }

    /// Asks for a while.
    /// - Throws: `NotGranted` for any answer but a yes with its money held.
    func ask(callers: Int, for duration: Duration) async throws -> Answered {
        let start = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for caller in 0..<callers {
                group.addTask { try await ask(as: caller, until: start + duration) }
            }
            return try await group.reduce(into: [Duration]()) { $0 += $1 }
        }
        return try Answered(times.sorted(), within: ContinuousClock.now - start)
    }

    /// How long each answer took.
    private func ask(as caller: Int, until end: ContinuousClock.Instant) async throws -> [Duration] {
        var times: [Duration] = []
        var asked = ContinuousClock.now
        repeat {
            let question = questions[Int.random(in: questions.indices)]
            let call = CallQuestion(
                sipUUID: "\(name)-\(caller)-\(times.count)", customerBAN: question.customerBAN, ani: question.ani,
                dni: question.dni, direction: question.direction)
            let answer = try await desk.authorize(call)
            guard answer.isHeld else { throw NotGranted(ban: question.customerBAN, reason: answer.reason) }
            let answered = ContinuousClock.now
            times.append(answered - asked)
            asked = answered
        } while asked < end
        return times
    }
}

extension WalletCallers {
    /// A call was not granted, or nothing was held for it: no figure means anything.
    struct NotGranted: Error, CustomStringConvertible {
        let ban: String
        let reason: String
        var description: String { "a call of \(ban) was not granted with its money held: \(reason)" }
    }

    /// What came of the questions.
    struct Answered: Encodable, Sendable {
        /// Calls granted, each with its hold committed.
        let held: Int
        let seconds: Double
        let p50Milliseconds: Double
        let p99Milliseconds: Double
        let maxMilliseconds: Double
        let rssBytes: Int

        /// Of all answers' times, in order; there is one at least.
        fileprivate init(_ times: [Duration], within elapsed: Duration) throws {
            func milliseconds(_ hundredths: Int) -> Double {
                times[min(times.count * hundredths / 100, times.count - 1)] / .milliseconds(1)
            }
            held = times.count
            seconds = elapsed / .seconds(1)
            p50Milliseconds = milliseconds(50)
            p99Milliseconds = milliseconds(99)
            maxMilliseconds = milliseconds(100)
            rssBytes = try ProcessMemory.residentBytes()
        }

        private enum CodingKeys: String, CodingKey {
            case held, seconds
            case p50Milliseconds = "p50_ms"
            case p99Milliseconds = "p99_ms"
            case maxMilliseconds = "max_ms"
            case rssBytes = "rss_bytes"
        }
    }
}
