import DaemonKit
import Drivers

/// The keys of loading rated usage into BigQuery; without `bigquery.project` nothing of it runs.
enum BigQueryLoadConfig {
    /// Where the tables are.
    static let dataset = ConfigKey.text(
        "bigquery.dataset", default: "billing",
        help: "The dataset with rated_cdr, rated_mdr, rated_api_usage and vendor_cdr; it is made where it is missing.")
    /// When a batch is old enough.
    static let flushSeconds = ConfigKey.integer(
        "bigquery.flushSeconds", default: 300, in: 1...86_400,
        help: "Seconds between batches of a table; BigQuery takes about 1,500 load jobs a table and day.")
    /// When a batch has rows enough.
    static let flushRows = ConfigKey.integer(
        "bigquery.flushRows", default: 100_000, in: 1...1_000_000, help: "The most rows of a batch; so many go at once."
    )
    /// When a batch is big enough.
    static let flushMegabytes = ConfigKey.integer(
        "bigquery.flushMegabytes", default: 64, in: 1...1_024, help: "The most MiB of a batch; so many go at once.")
    /// When an upload goes in chunks.
    static let chunkKilobytes = ConfigKey.integer(
        "bigquery.chunkKilobytes", default: 8_192, in: 256...65_536,
        help:
            "A batch above so many KiB goes in chunks of them (multiples of 256), and on from the last one after a break."
    )
    /// How often to look.
    static let checkSeconds = ConfigKey.integer(
        "bigquery.checkSeconds", default: 10, in: 1...600, help: "Seconds between looks for what is to be loaded.")

    static let keys =
        BigQueryAccess.keys
        + ConfigKeys(dataset, flushSeconds, flushRows, flushMegabytes, chunkKilobytes, checkSeconds) { config in
            guard config[BigQueryAccess.project] != nil else { return [] }
            guard isName(config[dataset]) else {
                return [ConfigFault(key: "bigquery.dataset", problem: "'\(config[dataset])' is no name of a dataset")]
            }
            do throws(ConfigFault) {
                _ = try BigQueryAccess.credentials(config)
                return []
            } catch {
                return [error]
            }
        }

    /// The bounds of the loader.
    static func limits(_ config: Config) -> BigQueryLoader.Limits {
        BigQueryLoader.Limits(
            bounds: BatchBounds(
                rows: config[flushRows], bytes: config[flushMegabytes] << 20, age: .seconds(config[flushSeconds])),
            chunkBytes: (config[chunkKilobytes] << 10) / BigQueryClient.chunkUnit * BigQueryClient.chunkUnit)
    }

    /// The name stands in the text of queries, so nothing but a name may stand there.
    private static func isName(_ text: String) -> Bool {
        (1...1_024).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

extension BigQueryLoader {
    /// The loader of a configuration; nil where there is no project.
    static func configured(
        _ context: DaemonContext, readiness: Readiness.Dependency? = nil,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> BigQueryLoader? {
        guard let client = try BigQueryAccess.client(context.config) else { return nil }
        return BigQueryLoader(
            pool: context.pool, client: client, dataset: context.config[BigQueryLoadConfig.dataset],
            limits: BigQueryLoadConfig.limits(context.config), readiness: readiness, loop: context.loop,
            progress: progress)
    }

    /// Adds the loading to a daemon in whose configuration there is a project.
    static func add(to context: DaemonContext) throws {
        guard context.config[BigQueryAccess.project] != nil else { return }
        let readiness = context.readiness.register("bigquery", isRequired: false, state: .up)
        guard let loader = try configured(context, readiness: readiness) else { return }
        context.schedule("bigquery-load", .every(seconds: context.config[BigQueryLoadConfig.checkSeconds])) {
            try await loader.pass()
        }
    }
}
