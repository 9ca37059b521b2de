import DaemonKit
import Foundation
import Testing

@testable import Biller
@testable import CDRIngest
@testable import Poller
@testable import VendorRecon
@testable import Wallet

@Suite("Example configurations")
struct ConfigurationExampleTests {
    static let daemons = Dictionary(
        uniqueKeysWithValues: [
            CDRIngestCommand.daemon, PollerCommand.daemon, WalletCommand.daemon, BillerCommand.daemon,
            VendorReconCommand.daemon,
        ].map { ($0.name, $0) })
    private static let names = daemons.keys.sorted()

    /// `UPDATE_GOLDEN=1` rewrites the files, and git shows what changed.
    @Test("deploy/config holds every key of every daemon, with what it means and its default", arguments: names)
    func everyKey(name: String) throws {
        let daemon = try #require(Self.daemons[name])
        let path = "deploy/config/\(daemon.name).yaml"
        let expected = ConfigurationExample(daemon: daemon).text
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try expected.write(to: SourceTree().root.appending(path: path), atomically: true, encoding: .utf8)
        }
        #expect(try SourceTree().text(path) == expected, "\(path) is old: run the tests with UPDATE_GOLDEN=1")
    }

    @Test("an example is a configuration as it stands, and with its defaults written out", arguments: names)
    func isAccepted(name: String) async throws {
        let daemon = try #require(Self.daemons[name])
        let text = try SourceTree().text("deploy/config/\(daemon.name).yaml")
        let writtenOut = ConfigurationExample(daemon: daemon, isWrittenOut: true).text
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        for variant in [text, writtenOut] {
            try variant.write(to: file, atomically: true, encoding: .utf8)
            switch await ConfigCheck(keys: daemon.keys).read(file: file.path, environment: [:]) {
            case .checked: break
            case .faulty(let faults): Issue.record("\(daemon.name): \(faults)")
            }
        }
    }
}

/// A daemon's keys as a YAML file: each section with its keys, each key with its help and, commented out, its default.
struct ConfigurationExample {
    let daemon: Daemon
    /// With every default in force instead of commented out.
    var isWrittenOut = false

    var text: String {
        var lines = [
            "# \(daemon.name): every key, with its default. A key that is commented out has it.",
            "# A variable of the environment goes before the file; its name stands in brackets.",
        ]
        for section in sections {
            lines.append("")
            let mark = section.keys.contains(where: isInForce) ? "" : "#"
            if !section.name.isEmpty { lines.append("\(mark)\(section.name):") }
            for key in section.keys { lines += self.lines(of: key, in: section.name) }
        }
        if !secrets.isEmpty {
            lines += ["", "# Secrets are files of the credentials directory (LoadCredential= in the unit):"]
            for key in secrets {
                let file = key.name.replacing(".", with: "-")
                lines.append("# \(file): \(key.help)\(key.isRequired ? " Required." : "")")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var secrets: [ConfigDeclaration] { daemon.keys.declarations.filter(\.isSecret) }

    /// Keys by their first word, in the order of their first appearance; a key of one word stands for itself.
    private var sections: [(name: String, keys: [ConfigDeclaration])] {
        var sections: [(name: String, keys: [ConfigDeclaration])] = []
        for key in daemon.keys.declarations where !key.isSecret {
            let words = key.name.split(separator: ".")
            let name = words.count > 1 ? String(words[0]) : ""
            if let index = sections.firstIndex(where: { $0.name == name }) {
                sections[index].keys.append(key)
            } else {
                sections.append((name, [key]))
            }
        }
        return sections
    }

    private func isInForce(_ key: ConfigDeclaration) -> Bool {
        // A file of comments alone is no mapping, so one key is in force: where the daemon runs.
        key.isRequired || key.name == DaemonConfig.environment.declaration.name
            || isWrittenOut && key.defaultText != nil
    }

    private func lines(of key: ConfigDeclaration, in section: String) -> [String] {
        let indent = section.isEmpty ? "" : "  "
        let name = section.isEmpty ? key.name : String(key.name.dropFirst(section.count + 1))
        // A key without a default shows where its value goes.
        let value = key.defaultText.map { Self.yaml($0, isList: key.isList) } ?? "…"
        return [
            "\(indent)# \(key.help) (\(key.kind); \(key.environmentVariable))",
            "\(isInForce(key) ? "" : "#")\(indent)\(name): \(value)",
        ]
    }

    private static func yaml(_ text: String, isList: Bool) -> String {
        if isList { return "[" + text.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ", ") + "]" }
        let isPlain = !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "/.-_+".contains($0) }
        return isPlain ? text : "\"\(text)\""
    }
}
