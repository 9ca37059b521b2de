import ArgumentParser
import DaemonKit
import Drivers
import Foundation

/// What the streams hold: length, dead entries, and what each group has still to do.
struct Streams: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the streams: length, dead entries, each group's lag and pending entries.")

    /// The streams between our own daemons.
    static let names = [
        "billing:usage:raw:cdr", "billing:usage:raw:vendor-cdr", "billing:usage:raw:mdr", "billing:usage:raw:api",
        "billing:usage:rated", "billing:payments:ordered", "billing:payments:received", "billing:wallet:events",
    ]

    @Option(help: "Redis's Unix socket, in place of --host and --port.")
    var socket: String?
    @Option(help: "Redis's host.")
    var host = "127.0.0.1"
    @Option(help: "Redis's port.")
    var port = 6379
    @Option(help: "What stands in front of every key, as redis.keyPrefix of the daemons.")
    var prefix = ""

    func run() async throws {
        let address: RedisConfiguration.Address = socket.map { .unixSocket(path: $0) } ?? .tcp(host: host, port: port)
        let connection = RedisConnection(RedisConfiguration(address: address))
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
