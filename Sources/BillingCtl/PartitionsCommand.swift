import ArgumentParser
import Core
import DaemonKit
import Drivers
import Foundation

/// `billingctl partitions`: the days that are stored, and the end of the oldest.
struct PartitionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partitions", abstract: "Lists the days that are stored, or drops the oldest.",
        subcommands: [List.self, Drop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the tables that are cut into days, with their first and last day and their size.")

        @OptionGroup var options: DatabaseOptions

        func run() async throws {
            let partitions = try await options.withPool {
                try await PartitionRetention(pool: $0, now: .current).partitions()
            }
            print(PartitionsCommand.table(of: partitions))
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drops days that are older than a day; without --apply it only says which.",
            discussion: """
                A day stays as long as it is younger than 13 months, or somebody has still to do with it: rows without an outcome,
                records that are parked, usage that is posted, summed, invoiced or loaded into BigQuery by nobody yet. A day of a table
                is detached while writers of other days go on, and then dropped; billing.dropped_partitions keeps what it held.
                Usage whose raw records are dropped can be neither rated again nor explained any more.

                Needs the role that owns the tables, which is the one that migrates.

                Examples:
                  billingctl partitions drop --before 2025-06-01
                  billingctl partitions drop --before 2025-06-01 --apply
                  billingctl partitions drop --before 2025-06-01 --table raw_cdr --table raw_mdr --apply
                """)

        @OptionGroup var options: DatabaseOptions
        @Option(help: "The first day that stays, as YYYY-MM-DD.", transform: PartitionsCommand.day)
        var before: UsageDay
        @Option(name: .customLong("table"), help: "Only this table; may be given more than once.")
        var tables: [String] = []
        @ArgumentParser.Flag(help: "Drop them.") var apply = false
        @Option(help: "Who, as the list of dropped days names them (default: the user's name).") var by: String?

        func run() async throws {
            try await options.withPool(statementTimeout: .seconds(3_600)) { pool in
                let retention = PartitionRetention(pool: pool, now: .current)
                let found = try await retention.partitions()
                for table in tables where !found.contains(where: { $0.table == table }) {
                    throw ValidationError("no table called \(table) is cut into days")
                }
                let old = found.filter { $0.day < before && (tables.isEmpty || tables.contains($0.table)) }
                guard apply else { return try await show(old, retention) }
                try await retention.alone { try await drop(old, retention) }
            }
        }

        private func show(_ partitions: [PartitionRetention.Partition], _ retention: PartitionRetention) async throws {
            var table = TextTable(["table", "day", "size", "stays because of"], right: [2])
            for partition in partitions {
                table.add([
                    partition.table, partition.day.text, PartitionsCommand.size(partition.bytes),
                    try await retention.obstacle(of: partition) ?? "nothing: --apply drops it",
                ])
            }
            print(partitions.isEmpty ? "no day before \(before.text) is stored" : table.text)
        }

        private func drop(_ partitions: [PartitionRetention.Partition], _ retention: PartitionRetention) async throws {
            var (count, kept, bytes) = (0, 0, Int64(0))
            for partition in partitions {
                let name = "\(partition.table) \(partition.day.text)"
                if let obstacle = try await retention.obstacle(of: partition) {
                    print("kept     \(name)  \(obstacle)")
                    kept += 1
                    continue
                }
                let dropped = try await retention.drop(partition, by: by ?? NSUserName())
                print("dropped  \(name)  \(dropped.rows) rows, \(PartitionsCommand.size(dropped.bytes))")
                count += 1
                bytes += dropped.bytes
            }
            print("\(count) dropped, \(PartitionsCommand.size(bytes)) freed, \(kept) kept")
        }
    }

    static func table(of partitions: [PartitionRetention.Partition]) -> String {
        var table = TextTable(["table", "days", "first", "last", "size"], right: [1, 4])
        for (name, days) in Dictionary(grouping: partitions, by: \.table).sorted(by: { $0.key < $1.key }) {
            let sorted = days.map(\.day).sorted()
            table.add([
                name, "\(days.count)", sorted.first?.text ?? "", sorted.last?.text ?? "",
                size(days.reduce(0) { $0 + $1.bytes }),
            ])
        }
        return partitions.isEmpty ? "no day is stored yet" : table.text
    }

    /// `12.4 MB`, in steps of 1000.
    static func size(_ bytes: Int64) -> String {
        var (value, unit) = (bytes * 10, 0)
        let units = ["B", "kB", "MB", "GB", "TB"]
        while value >= 10_000, unit < units.count - 1 {
            value /= 1_000
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\(value / 10).\(value % 10) \(units[unit])"
    }

    private static func day(_ text: String) throws -> UsageDay {
        guard let day = UsageDay(parsing: text) else { throw ValidationError("\(text) is no day such as 2025-06-01") }
        return day
    }
}

extension Instant {
    fileprivate static var current: Instant { Instant(milliseconds: Clock.system.now()) }
}
