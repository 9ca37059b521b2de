import ArgumentParser
import Core
import DaemonKit
import Foundation
import LiveReference
import Reference

/// `poller parked`: usage that waits, and why.
struct ParkedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked", abstract: "Shows usage that waits for a person, for reference data or for its call.",
        discussion: """
            Examples:
              poller parked list --status held --flag UNKNOWN_CUSTOMER
              poller parked show 05d57398-7d8a-46c1-b142-6cc88fef48f7
              poller parked fix 05d57398-7d8a-46c1-b142-6cc88fef48f7 --set customer_ban=BAN001 --by ada --reason "trunk moved to BAN001"
              poller parked release 05d57398-7d8a-46c1-b142-6cc88fef48f7 --by ada
              poller parked dismiss 05d57398-7d8a-46c1-b142-6cc88fef48f7 --reason "test call of the carrier" --by ada
            """,
        subcommands: [List.self, Show.self, Fix.self, Release.self, Dismiss.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists open parked usage, the oldest first.")
        @OptionGroup var options: DaemonOptions
        @Option(help: "Only this status: held, unrated or waiting.") var status: String?
        @Option(help: "Only records with this flag, such as NO_RATE.") var flag: String?
        @Option(help: "How many.") var limit = 50
        @ArgumentParser.Flag(help: "Print JSON, one object a line.") var json = false

        func validate() throws {
            if let status, ParkedUsage.Status(rawValue: status) == nil {
                throw ValidationError("--status is held, unrated or waiting")
            }
        }

        func run() async throws {
            let records = try await PollerCommand.daemon.once(options) { context in
                try await ParkedReads(pool: context.pool).open(status: status, flag: flag, limit: limit)
            }
            if records.isEmpty && !json { print("nothing is parked") }
            for record in records { print(json ? record.json : record.line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one parked record with its evidence.")
        @Argument(help: "Its id, or its natural key (sip_uuid, message id, query id).") var record: String
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            let records = try await PollerCommand.daemon.once(options) { context in
                try await ParkedReads(pool: context.pool).records(named: record)
            }
            guard !records.isEmpty else {
                FileHandle.standardError.write(Data("nothing is parked under \(record)\n".utf8))
                throw ExitCode(66)
            }
            for record in records { print(record.json) }
        }
    }

    struct Fix: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Corrects fields of parked records. They stay parked until they are released.",
            discussion: """
                The record as it came is never edited: a correction is kept beside it, with who made it and why, and every later rating
                reads it. An empty value takes a field away.
                Examples:
                  poller parked fix u-1234 --set customer_ban=BAN001 --by ada --reason "trunk 7 moved to BAN001"
                  poller parked fix u-1235 --set answer_stamp= --set end_stamp=2026-11-22T10:00:00.000Z --by ada --reason "clock of sbc2"
                """)
        @Argument(help: "Ids or natural keys.") var records: [String]
        @Option(name: .customLong("set"), help: "A field and its right value, field=value; repeatable.")
        var settings: [FieldSetting]
        @Option(help: "Why.") var reason: String
        @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard !settings.isEmpty else { throw ValidationError("--set says which field is corrected") }
            guard !reason.isEmpty else { throw ValidationError("--reason says why the record is wrong") }
        }

        func run() async throws {
            try await ParkedCommand.carryOut(options) { orders in
                for name in records {
                    let corrections = try await orders.fix(
                        name, set: settings, because: reason, by: by ?? NSUserName())
                    for correction in corrections {
                        print("\(name)  \(correction.field): \(correction.old.text) → \(correction.new.text)")
                    }
                }
                print("they stay parked until: poller parked release \(records.joined(separator: " "))")
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rates parked records again, now that what they lacked is there.")
        @Argument(help: "Ids or natural keys.") var records: [String]
        @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?
        @OptionGroup var options: DaemonOptions

        func run() async throws {
            try await ParkedCommand.carryOut(options) { orders in
                for name in records {
                    for record in try await orders.release(name, by: by ?? NSUserName()) {
                        let state =
                            record.resolution ?? "still \(record.status): \(record.flags.joined(separator: ", "))"
                        print("\(record.key)  \(state)")
                    }
                }
            }
        }
    }

    struct Dismiss: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Closes parked records that are never to be charged.")
        @Argument(help: "Ids or natural keys.") var records: [String]
        @Option(help: "Why.") var reason: String
        @Option(help: "Who, as the audit trail names them (default: the user's name).") var by: String?
        @OptionGroup var options: DaemonOptions

        func validate() throws {
            guard !reason.isEmpty else { throw ValidationError("--reason says why they are never charged") }
        }

        func run() async throws {
            try await ParkedCommand.carryOut(options) { orders in
                for name in records {
                    let count = try await orders.dismiss(name, because: reason, by: by ?? NSUserName())
                    print("\(name)  dismissed\(count == 1 ? "" : ": \(count) records")")
                }
            }
        }
    }

    /// Runs a person's orders; a refusal ends the command with 65.
    private static func carryOut(_ options: DaemonOptions, _ body: (ParkedOrders) async throws -> Void) async throws {
        do {
            try await PollerCommand.daemon.once(options) { context in
                try await body(ParkedOrders(retry: PollerCommand.pipeline(context, by: context.reference).retry))
            }
        } catch let refusal where refusal is ParkedRefusal || refusal is CorrectionRefusal {
            FileHandle.standardError.write(Data("\(refusal)\n".utf8))
            throw ExitCode(65)
        }
    }
}

/// A field and what it should say, as `--set field=value` has them.
struct FieldSetting: ExpressibleByArgument, Sendable, Hashable {
    let field: String
    let text: String

    init(_ field: String, _ text: String) {
        self.field = field
        self.text = text
    }

    init?(argument: String) {
        guard let mark = argument.firstIndex(of: "="), mark > argument.startIndex else { return nil }
        self.init(String(argument[..<mark]), String(argument[argument.index(after: mark)...]))
    }
}
