import ArgumentParser
import DaemonKit
import Drivers
import Foundation

/// What the streams hold: length, dead entries, and what each group has still to do.
struct Streams: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the streams: length, dead entries, each group's lag and pending entries.",
        discussion: """
            Where Redis is, it finds as the daemons do: redis.host, redis.port, redis.socket and redis.keyPrefix in
            /etc/warp-billing/billingctl.yaml or the file given with --config, then in the environment (WARP_REDIS_HOST, …); the
            password in the file redis-password of $CREDENTIALS_DIRECTORY.
            """)

    /// The streams between our own daemons.
    static let names = [
        "billing:usage:raw:cdr", "billing:usage:raw:vendor-cdr", "billing:usage:raw:mdr", "billing:usage:raw:api",
        "billing:usage:rated", "billing:payments:ordered", "billing:payments:received", "billing:wallet:events",
    ]

    @OptionGroup var options: DaemonOptions

    func run() async throws {
        let config = try await options.read(DaemonConfig.redisKeys, of: "billingctl")
        let connection = RedisConnection(DaemonConfig.redis(config))
        let prefix = config[DaemonConfig.redisKeyPrefix]
        let streams = RedisStreams(connection)
        for name in Self.names {
            let length = try await streams.length(of: prefix + name)
            let dead = try await streams.length(of: prefix + name + ":dead")
            print("\(name)\tentries \(length)\tdead \(dead)")
            for group in try await streams.groups(of: prefix + name) {
                let lag = group.lag.map(String.init) ?? "unknown"
                print("  \(group.name)\tlag \(lag)\tpending \(group.pending)\tconsumers \(group.consumers)")
            }
        }
        await connection.close()
    }
}
