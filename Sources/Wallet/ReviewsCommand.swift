import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation
import Reference

/// `wallet reviews`: what fraud control found, and what people make of it.
struct ReviewsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviews", abstract: "Shows what fraud control found, and decides on it.",
        discussion: """
            Examples:
              wallet reviews list
              wallet reviews list --state confirmed --customer 6f0c8f0e-6a51-4a4e-9d57-0f6b8f9a8f10
              wallet reviews show 0193c1f2-5c3e-7a01-9d7e-3f5b8a1c2d3e
              wallet reviews release 0193c1f2-5c3e-7a01-9d7e-3f5b8a1c2d3e --note "a campaign, announced by phone"
              wallet reviews confirm 0193c1f2-5c3e-7a01-9d7e-3f5b8a1c2d3e --suspend --note "their PBX was broken into"
            """,
        subcommands: [List.self, Show.self, Release.self, Confirm.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists reviews, the newest first; open ones by default.")
        @Option(help: "Those in this state: open, released, confirmed, noted, or all.") var state = "open"
        @Option(help: "Only this customer's, by id.", transform: FraudCommand.id) var customer: Identifier128?
        @Option(help: "How many.") var limit = 50
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard state == "all" || FraudReview.State(rawValue: state) != nil else {
                throw ValidationError("\(state) is no state")
            }
        }

        func run() async throws {
            let reviews = try await WalletCommand.daemon.once(options) { context in
                try await ReviewDesk(pool: context.pool).list(
                    FraudReview.State(rawValue: state), of: customer.map { CustomerID($0) }, limit: limit)
            }
            var table = TextTable(["review", "fired", "customer", "check", "value", "state", "actions"], right: [4])
            for review in reviews {
                table.add([
                    review.id.text, review.firedAt.text, review.customer.text, review.check.rawValue, review.value,
                    review.state.rawValue, review.actions.map(\.rawValue).joined(separator: " "),
                ])
            }
            print(reviews.isEmpty ? "no reviews" : table.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows a review with its evidence.")
        @Argument(help: "The id that the list shows.", transform: FraudCommand.id) var id: Identifier128
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let review = try await WalletCommand.daemon.once(options) { context in
                try await ReviewDesk(pool: context.pool).read(id)
            }
            guard let review else { throw FraudCommand.failing("there is no review \(id.text)", code: 66) }
            print("\(review.check.rawValue) \(review.value), customer \(review.customer.text)")
            print("fired at \(review.firedAt.text), seen at \(review.seenAt.text)")
            print("actions: \(review.actions.map(\.rawValue).joined(separator: " "))")
            print("evidence: \(review.evidence)")
            let decision = review.decidedAt.map { " by \(review.decidedBy ?? "-") at \($0.text)" } ?? ""
            print("\(review.state.rawValue)\(decision)\(review.note.map { ": \($0)" } ?? "")")
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds that it was nothing: a suspension that no other review asks for ends.")
        @Argument(help: "The id that the list shows.", transform: FraudCommand.id) var id: Identifier128
        @Option(help: "Why.") var note: String?
        @OptionGroup var options: DaemonOptions

        func run() async throws { try await ReviewsCommand.decide(id, .released, note, options) }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds that it was fraud: a suspension lasts until the review is released.")
        @Argument(help: "The id that the list shows.", transform: FraudCommand.id) var id: Identifier128
        @ArgumentParser.Flag(help: "Suspends a customer who is not suspended yet.") var suspend = false
        @Option(help: "Why.") var note: String?
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            try await ReviewsCommand.decide(id, .confirmed(suspending: suspend), note, options)
        }
    }

    private static func decide(
        _ id: Identifier128, _ verdict: ReviewDesk.Verdict, _ note: String?, _ options: DaemonOptions
    ) async throws {
        do {
            let effect = try await WalletCommand.daemon.once(options) { context in
                try await ReviewDesk(pool: context.pool).decide(
                    id, verdict, actor: FraudCommand.actor, note: note,
                    at: Instant(milliseconds: context.clock.now()))
            }
            switch effect {
            case .none: print("decided; the wallet stays as it is")
            case .resumed: print("decided; calls are taken again")
            case .suspended: print("decided; no new calls are taken")
            }
        } catch FraudError.unknownReview {
            throw FraudCommand.failing("there is no review \(id.text)", code: 66)
        } catch FraudError.reviewDecided(let state) {
            throw FraudCommand.failing("review \(id.text) is \(state.rawValue)", code: 65)
        }
    }
}
