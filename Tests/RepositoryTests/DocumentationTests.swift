import Core
import DaemonKit
import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
    let tree = SourceTree()

    @Test("docs/reference/metrics.md lists every metric of the catalogue, and no page names another")
    func metrics() throws {
        let page = try tree.text("docs/reference/metrics.md")
        let names = Set(MetricNames.all.map(\.name))
        for name in names { #expect(page.contains("`\(name)`"), "\(name)") }
        let unit = /\bwarp_[a-z_]+_(?:total|seconds|entries|records|postings|usd|seq|size|up|queued)\b/
        for file in tree.files(below: "docs", endings: ["md"]) {
            for match in try tree.text(file).matches(of: unit) {
                #expect(names.contains(String(match.0)), "\(match.0) of \(file)")
            }
        }
    }

    @Test("a metric of the catalogue is written somewhere")
    func metricsExist() throws {
        let catalogue = "Sources/DaemonKit/MetricNames.swift"
        let code = try tree.files(below: "Sources", endings: ["swift"]).filter { $0 != catalogue }.map(tree.text)
            .joined(separator: "\n")
        let used = Set(code.matches(of: /\.([a-z][A-Za-z]+)\b/).map { String($0.1) })
        let declared = try tree.text(catalogue).matches(of: /static let ([A-Za-z]+) = MetricName\(/)
        #expect(declared.count == MetricNames.all.count)
        for match in declared { #expect(used.contains(String(match.1)), "\(match.1)") }
    }

    @Test("docs/operations/configuration.md lists every key that a daemon declares, with its default")
    func configuration() throws {
        let rows = try tree.lines("docs/operations/configuration.md")
        for (daemon, keys) in ConfigurationExampleTests.daemons.mapValues(\.keys) {
            for key in keys.declarations {
                let row = rows.first { $0.hasPrefix("| `\(key.name)` |") }
                #expect(row != nil, "\(key.name) of \(daemon)")
                guard let row, let defaultText = key.defaultText, !defaultText.isEmpty else { continue }
                let values = key.isList ? defaultText.split(separator: ",").map(String.init) : [defaultText]
                for value in values { #expect(row.contains("`\(value)`"), "\(key.name) of \(daemon) is \(value)") }
            }
        }
    }

    @Test("docs/reference/reasons.md lists every flag of a record and every reason of a failure")
    func reasons() throws {
        let page = try tree.text("docs/reference/reasons.md")
        for flag in Flag.allCases { #expect(page.contains("`\(flag.name)`"), "\(flag.name)") }
        for code in RejectReason.Code.allCases { #expect(page.contains("`\(code.rawValue)`"), "\(code.rawValue)") }
        for refusal in WalletRefusal.allCases { #expect(page.contains("`\(refusal.rawValue)`"), "\(refusal.rawValue)") }
        for file in tree.files(below: "Sources", endings: ["swift"]) where !file.contains("/Sandbox/") {
            for match in try tree.text(file).matches(of: /reason: "([A-Za-z][A-Za-z_0-9-]+)"/) {
                #expect(page.contains("`\(match.1)`"), "\(match.1) of \(file)")
            }
        }
    }

    @Test("docs/reference/streams.md lists every stream")
    func streams() throws {
        let page = try tree.text("docs/reference/streams.md")
        for stream in StreamName.allCases { #expect(page.contains("`\(stream.rawValue)`"), "\(stream.rawValue)") }
    }

    @Test("every link between pages leads somewhere")
    func links() throws {
        let pages = tree.files(below: "docs", endings: ["md"]) + ["README.md", "CONTRIBUTING.md"]
        for page in pages {
            let folder = URL(filePath: "/" + page).deletingLastPathComponent()
            for match in try tree.text(page).matches(of: /\]\(([^)#]+)(?:#[^)]*)?\)/) where !match.1.contains("://") {
                let target = folder.appending(path: String(match.1)).standardized.path
                #expect(FileManager.default.fileExists(atPath: tree.root.path + target), "\(page) → \(match.1)")
            }
        }
    }

    @Test("nothing speaks of one machine's paths")
    func paths() throws {
        let marks = ["/wo" + "rk/", "/ro" + "ot/", "/w" + "t/"]
        for folder in ["Sources", "Tests", "docs", "deploy", "systemd", "Migrations"] {
            for file in tree.files(
                below: folder, endings: ["swift", "md", "sh", "py", "sql", "yaml", "json", "service", "conf"])
            {
                let text = try tree.text(file)
                for mark in marks { #expect(!text.contains(mark), "\(file) names \(mark)") }
            }
        }
    }
}
