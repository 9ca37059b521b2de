import Drivers
import Foundation
import TestSupport
import Testing

@testable import DaemonKit

/// What docs/operations/notifications.md tells receivers is run as it stands there.
@Suite("Webhooks as they are documented")
struct WebhookDocumentationTests {
    private let page: String

    init() throws {
        page = try String(
            contentsOf: URL(filePath: TestDatabase.repositoryRoot + "/docs/operations/notifications.md"),
            encoding: .utf8)
    }

    /// What stands between the page's ```language and the next ```.
    private func block(_ language: String) throws -> String {
        let start = try #require(page.range(of: "```\(language)\n"))
        let end = try #require(page[start.upperBound...].range(of: "```"))
        return String(page[start.upperBound..<end.lowerBound])
    }

    /// What a program says on standard output.
    private func output(_ command: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: said, as: UTF8.self)
    }

    private struct Case: Encodable {
        let secret: String
        let headers: [String: String]
        let body: String
        let now: Int64
    }

    private func webhook() -> Webhook {
        let subscription = NotificationSubscription(
            id: UUID(), customer: nil, channel: .webhook, target: "https://ops.example.com/",
            secret: Secret("whsec_test"), kinds: [], isEnabled: true, failures: 0, pausedUntil: nil)
        return Webhook(
            OutgoingNotification(
                id: UUID(), kind: "payment.failed", customer: nil, data: #"{"reason": "bank said \"no\" – ü"}"#, at: 0,
                subscription: subscription, attempt: 1, pendingSince: 0))
    }

    @Test("the Python takes what is genuine and fresh, and nothing else; the page's own example is genuine")
    func python() throws {
        let webhook = webhook()
        let body = String(decoding: webhook.body, as: UTF8.self)
        let now: Int64 = 1_795_366_994
        let headers = Dictionary(uniqueKeysWithValues: webhook.headers(atSeconds: now).map { ($0.name, $0.value) })
        func changed(_ name: String, _ value: String) -> [String: String] { headers.merging([name: value]) { $1 } }
        let secret = try #require(page.firstMatch(of: /\nsecret (whsec_\w+)\n/)).1
        let example = try #require(page.firstMatch(of: /Warp-Timestamp: (\d+)\nWarp-Signature: (\S+)\n\n(\{.+\})\n/))
        let cases: [(Case, Bool)] = [
            (Case(secret: "whsec_test", headers: headers, body: body, now: now), true),
            (Case(secret: "whsec_test", headers: headers, body: body, now: now + 300), true),
            (Case(secret: "whsec_test", headers: headers, body: body, now: now - 300), true),
            (Case(secret: "whsec_test", headers: headers, body: body, now: now + 301), false),
            (Case(secret: "whsec_other", headers: headers, body: body, now: now), false),
            (Case(secret: "whsec_test", headers: headers, body: body + " ", now: now), false),
            (Case(secret: "whsec_test", headers: changed("Warp-Timestamp", "\(now + 1)"), body: body, now: now), false),
            (Case(secret: "whsec_test", headers: changed("Warp-Timestamp", "soon"), body: body, now: now), false),
            (Case(secret: "whsec_test", headers: changed("Warp-Signature", "v1="), body: body, now: now), false),
            (Case(secret: "whsec_test", headers: [:], body: body, now: now), false),
            (
                Case(
                    secret: String(secret),
                    headers: ["Warp-Timestamp": String(example.1), "Warp-Signature": String(example.2)],
                    body: String(example.3), now: now), true
            ),
        ]
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "cases.json", String(decoding: try JSONEncoder().encode(cases.map(\.0)), as: UTF8.self))
        let program = try directory.write(
            "receiver.py",
            try block("python") + """

                import json
                import sys

                for case in json.load(open(sys.argv[1], encoding="utf-8")):
                    print(is_genuine(case["secret"], case["headers"], case["body"].encode(), case["now"]))
                """)
        let said = try output(["python3", program, file]).split(separator: "\n").map { $0 == "True" }
        #expect(said == cases.map(\.1))
    }

    @Test("the shell's lines send what the receiver finds genuine")
    func shell() throws {
        let peer = try HTTPPeer { _, _ in answer(200) }
        defer { peer.stop() }
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let program = try directory.write("send.sh", try block("sh"))
        // A line feed at the end is signed too.
        let body = "{\"id\":\"4f9e1633-6b5d-4f9a-ba77-a829cee6d13c\"}\n"
        let file = try directory.write("body.json", body)
        _ = try output(["sh", "-eu", program], environment: ["body": file, "secret": "whsec_test", "url": peer.url])
        let request = try #require(peer.requests.first)
        #expect(request.requestBody == body)
        let timestamp = try #require(request.header("Warp-Timestamp"))
        let signature = Digest.hmacSHA256(key: Array("whsec_test".utf8), Array("\(timestamp).\(body)".utf8))
        #expect(request.header("Warp-Signature") == "v1=\(Digest.hex(signature))")
    }
}
