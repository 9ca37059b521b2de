import Drivers
import Foundation
import Testing

@testable import DaemonKit

private enum Keys {
    static let batchSize = ConfigKey.integer("poll.batchSize", default: 500, in: 1...1_000, help: "Records a batch.")
    static let provider = ConfigKey.requiredText("lrn.provider", help: "Who answers LRN dips.")
    static let retry = ConfigKey.flag("lrn.retry", default: true, help: "Whether a dip is tried again.")
    static let vendors = ConfigKey.list("lrn.vendors", default: ["one", "two"], help: "Who is asked.")
    static let token = ConfigKey.secret("lrn.token", help: "The provider's token.")
    static let sweep = ConfigKey.schedule("lrn.sweep", default: "every 60 s", help: "When it sweeps.")
    static let all = ConfigKeys(batchSize, provider, retry, vendors, token, sweep) { config in
        config[batchSize] > 900 && config[retry]
            ? [ConfigFault(key: "poll.batchSize", problem: "must be 900 or less with lrn.retry")] : []
    }
}

@Suite("Configuration")
struct ConfigCheckTests {
    private let check = ConfigCheck(keys: Keys.all)

    private func faults(_ reading: ConfigReading) -> [String] {
        if case .faulty(let faults) = reading { faults.map(\.description) } else { [] }
    }

    private func config(_ reading: ConfigReading) throws -> Config {
        guard case .checked(let config) = reading else { throw ConfigurationFaults(faults: []) }
        return config
    }

    @Test("a key that is not set has its default")
    func defaults() throws {
        let config = try config(check.read(values: ["lrn.provider": "telnyx"]))
        #expect(config[Keys.batchSize] == 500)
        #expect(config[Keys.provider] == "telnyx")
        #expect(config[Keys.retry])
        #expect(config[Keys.vendors] == ["one", "two"])
        #expect(config[Keys.token]?.revealed == nil)
        #expect(config[Keys.sweep] == .every(seconds: 60))
    }

    @Test("every fault is told at once, and an unknown key with the nearest known one")
    func allFaults() {
        let reading = check.read(values: ["poll.batchsize": "5", "poll.batchSize": "many", "lrn.retry": "yes"])
        #expect(
            faults(reading) == [
                "lrn.provider: is required (Who answers LRN dips.)",
                "lrn.retry: 'yes' is not a true or false",
                "poll.batchSize: 'many' is not an integer from 1 to 1000",
                "poll.batchsize: is not a known key; the nearest known key is poll.batchSize",
            ])
    }

    @Test("what is wrong only between two keys is a fault as well")
    func crossCheck() {
        let reading = check.read(values: ["lrn.provider": "telnyx", "poll.batchSize": "950"])
        #expect(faults(reading) == ["poll.batchSize: must be 900 or less with lrn.retry"])
    }

    @Test("the environment wins over the file, and secrets come from the credentials directory")
    func sources() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "poller.yaml",
            """
            poll:
              batchSize: 100
            lrn:
              provider: telnyx
              vendors: [red, blue]
            """)
        try directory.write("credentials/lrn-token", "s3cret\n")
        let environment = [
            "WARP_POLL_BATCH_SIZE": "200", "WARP_LRN_RETRY": "false",
            "CREDENTIALS_DIRECTORY": "\(directory.path)/credentials",
        ]
        let config = try config(await check.read(file: file, environment: environment))
        #expect(config[Keys.batchSize] == 200)
        #expect(config[Keys.provider] == "telnyx")
        #expect(!config[Keys.retry])
        #expect(config[Keys.vendors] == ["red", "blue"])
        #expect(config[Keys.token]?.revealed == "s3cret")
        #expect(
            "\(Keys.token.declaration.name) \(String(describing: config[Keys.token]))" == "lrn.token Optional((secret))"
        )
    }

    @Test("a program that only looks at Redis finds it as the daemons do, password included")
    func redisAlone() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write("billingctl.yaml", "redis:\n  host: redis.internal\n  keyPrefix: east-\n")
        try directory.write("credentials/redis-password", "s3cret\n")
        let environment = ["WARP_REDIS_PORT": "6380", "CREDENTIALS_DIRECTORY": "\(directory.path)/credentials"]
        let check = ConfigCheck(keys: DaemonConfig.redisKeys)
        let config = try config(await check.read(file: file, environment: environment))
        #expect(DaemonConfig.redis(config).address == .tcp(host: "redis.internal", port: 6380))
        #expect(DaemonConfig.redis(config).password?.revealed == "s3cret")
        #expect(config[DaemonConfig.redisKeyPrefix] == "east-")
    }

    @Test("an unknown key of the file, a secret in it and a list where one value belongs are faults")
    func fileFaults() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let file = try directory.write(
            "poller.yaml",
            """
            poll: {batchSize: [1, 2]}
            lrn:
              provider: telnyx
              token: oops
              retries: 3
            """)
        let found = faults(await check.read(file: file, environment: [:]))
        #expect(
            found == [
                "lrn.retries: is not a known key; the nearest known key is lrn.retry",
                "lrn.token: is a secret and comes only from the credentials directory, not from \(file)",
                "poll.batchSize: in \(file) is not one value",
            ])
    }

    @Test("a file that is not there is a fault")
    func missingFile() async {
        let found = faults(await check.read(file: "/nonexistent/poller.yaml", environment: [:]))
        #expect(found.contains { $0.hasPrefix("/nonexistent/poller.yaml: cannot be read") })
    }

    @Test("a moved clock is refused in production and where its file is unreadable")
    func clockFile() throws {
        let keys = DaemonConfig.keys(
            port: DaemonConfig.httpPort(default: 8_000), user: DaemonConfig.postgresUser(default: "warp_poller"))
        let check = ConfigCheck(keys: keys)
        #expect(
            faults(check.read(values: ["clock.file": "/nonexistent"])) == [
                "clock.file: is refused where environment is production"
            ])
        #expect(
            faults(check.read(values: ["clock.file": "/nonexistent", "environment": "development"])) == [
                "clock.file: /nonexistent does not exist or cannot be read"
            ])
    }

    @Test(
        "a key's environment variable is upper snake case behind WARP_",
        arguments: [("postgres.host", "WARP_POSTGRES_HOST"), ("stream.batchSize", "WARP_STREAM_BATCH_SIZE")])
    func variables(name: String, variable: String) {
        #expect(ConfigKey.text(name, default: "", help: "").declaration.environmentVariable == variable)
    }
}
