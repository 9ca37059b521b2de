import ArgumentParser
import CDRIngest
import DaemonKit
import Hummingbird
import NIOCore

/// `billing-bench ingest-ceiling`
struct IngestCeilingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest-ceiling",
        abstract: "Serves the door of cdr-ingest with nothing behind it, or a plain POST, until SIGTERM.",
        discussion: """
            What HTTP alone costs: deploy/bench.sh ingest measures cdr-ingest against it in the same run.

            Example:
              billing-bench ingest-ceiling --port 8099 --token bench
            """)

    @Option(help: "The loopback port.") var port: Int

    @Option(help: "The token that it takes.") var token = "bench"

    @Flag(help: "A plain POST instead: the body is read, nothing is looked at.") var plain = false

    func run() async throws {
        let isPlain = plain
        let door = DoorAlone(token: token)
        try await BareServer.run(port: port) { router, metrics in
            if isPlain {
                router.post("/ingest/v1/records") { request, _ in
                    let body = try await request.body.collect(upTo: 8 << 20)
                    return Response(
                        status: .accepted, headers: [.contentType: "application/json"],
                        body: ResponseBody(byteBuffer: ByteBuffer(string: "{\"bytes\":\(body.readableBytes)}")))
                }
            } else {
                door.add(to: router, metrics: metrics)
            }
        }
    }
}
