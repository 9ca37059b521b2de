import Foundation

/// What `billing-sandbox supervise` runs, as its JSON file says.
struct SupervisorConfig: Codable, Sendable {
    /// Where the state of all processes is kept, as JSON, for whoever waits for them.
    let stateFile: String
    /// Each process writes to `<logDirectory>/<name>.log`.
    let logDirectory: String
    let processes: [ProcessPlan]

    init(stateFile: String, logDirectory: String, processes: [ProcessPlan]) {
        self.stateFile = stateFile
        self.logDirectory = logDirectory
        self.processes = processes
    }

    init(file: String) throws {
        self = try JSONDecoder().decode(SupervisorConfig.self, from: try Data(contentsOf: URL(filePath: file)))
    }
}

/// One supervised process. The defaults are those of the units in `systemd/`.
struct ProcessPlan: Codable, Sendable {
    let name: String
    /// The program's path and its arguments.
    let command: [String]
    /// Added to PATH, HOME, LANG and TZ, which every process gets.
    let environment: [String: String]
    let startTimeoutSeconds: Double
    /// Zero for none.
    let watchdogSeconds: Double
    let stopTimeoutSeconds: Double
    /// How long a process may take to die of SIGABRT.
    let abortTimeoutSeconds: Double

    init(
        name: String, command: [String], environment: [String: String] = [:], startTimeoutSeconds: Double = 90,
        watchdogSeconds: Double = 30, stopTimeoutSeconds: Double = 20, abortTimeoutSeconds: Double = 10
    ) {
        self.name = name
        self.command = command
        self.environment = environment
        self.startTimeoutSeconds = startTimeoutSeconds
        self.watchdogSeconds = watchdogSeconds
        self.stopTimeoutSeconds = stopTimeoutSeconds
        self.abortTimeoutSeconds = abortTimeoutSeconds
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name),
            command: try values.decode([String].self, forKey: .command),
            environment: try values.decodeIfPresent([String: String].self, forKey: .environment) ?? [:],
            startTimeoutSeconds: try values.decodeIfPresent(Double.self, forKey: .startTimeoutSeconds) ?? 90,
            watchdogSeconds: try values.decodeIfPresent(Double.self, forKey: .watchdogSeconds) ?? 30,
            stopTimeoutSeconds: try values.decodeIfPresent(Double.self, forKey: .stopTimeoutSeconds) ?? 20,
            abortTimeoutSeconds: try values.decodeIfPresent(Double.self, forKey: .abortTimeoutSeconds) ?? 10)
        guard !command.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .command, in: values, debugDescription: "no program")
        }
    }
}
