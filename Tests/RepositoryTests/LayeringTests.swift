import Foundation
import Testing

@Suite("Layers")
struct LayeringTests {
    let tree = SourceTree()

    /// What each target may import of this repository's own targets.
    static let ownImports: [(target: String, allowed: Set<String>)] = [
        ("Core", []),
        ("Drivers", ["CPostgres", "CHiredis", "CCurl", "COpenSSL", "CSystemd", "CZlib", "CHaru", "CSimdjson"]),
        ("DaemonKit", ["Drivers"]),
        ("Reference", ["Core", "Drivers"]),
        ("LiveReference", ["Core", "Drivers", "DaemonKit", "Reference"]),
        ("LedgerAudit", ["Core", "Drivers", "Reference"]),
        ("CDRIngest", ["Core", "Drivers", "DaemonKit", "Reference"]),
        ("Poller", ["Core", "Drivers", "DaemonKit", "Reference", "LiveReference"]),
        ("Wallet", ["Core", "Drivers", "DaemonKit", "Reference", "LiveReference", "LedgerAudit"]),
        ("Biller", ["Core", "Drivers", "DaemonKit", "Reference"]),
        ("VendorRecon", ["Core", "Drivers", "DaemonKit", "Reference"]),
        ("BillingCtl", ["Core", "Drivers", "DaemonKit", "Reference", "LedgerAudit"]),
        ("Sandbox", ["Core", "Drivers", "DaemonKit"]),
        ("Bench", ["Core", "Drivers", "Reference", "DaemonKit", "CDRIngest", "Wallet"]),
    ]

    @Test("arrows point down only", arguments: ownImports)
    func imports(target: String, allowed: Set<String>) throws {
        let own = Set(Self.ownImports.map(\.target)).union(Self.ownImports[1].allowed)
        let files = tree.files(below: "Sources/\(target)", endings: ["swift"])
        #expect(!files.isEmpty)
        for file in files {
            for module in try importedModules(file) where own.contains(module) {
                #expect(allowed.contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test("Core imports Foundation and nothing else")
    func coreImports() throws {
        for file in tree.files(below: "Sources/Core", endings: ["swift"]) {
            for module in try importedModules(file) {
                #expect(module == "Foundation", "\(file) imports \(module)")
            }
        }
    }

    @Test("the second rater knows nothing of the engine")
    func secondRater() throws {
        let files = tree.files(below: "Tests/SecondRater", endings: ["swift"])
        #expect(!files.isEmpty)
        for file in files {
            for module in try importedModules(file) {
                #expect(["Foundation", "BigInt"].contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test("no binary floating point and no Decimal in Core, not even as a literal")
    func exactness() throws {
        let inexact: Set<Substring> = [
            "Double", "Float", "Float16", "Float32", "Float64", "Float80", "CGFloat", "FloatingPoint", "Decimal",
            "NSDecimalNumber", "NSNumber", "TimeInterval",
        ]
        for file in tree.files(below: "Sources/Core", endings: ["swift"]) {
            // Foundation's time zones want a TimeInterval, which is a Double: asked in one place, of whole seconds.
            let allowed: Set<Substring> = file == "Sources/Core/Time/ZoneClock.swift" ? ["TimeInterval"] : []
            for (number, line) in try tree.lines(file).enumerated() where !isComment(line) {
                let code = line.replacing(/"(?:[^"\\]|\\.)*"/, with: "").split(separator: "//").first ?? ""
                let words = Set(code.split { !($0.isLetter || $0.isNumber || $0 == "_") })
                #expect(words.isDisjoint(with: inexact.subtracting(allowed)), "\(file):\(number + 1): \(line)")
                #expect(
                    !code.contains(/(?:^|[^\w$.])\d[\d_]*\.\d/),
                    "a literal with a point, \(file):\(number + 1): \(line)")
            }
        }
    }

    @Test("unsafe pointers stay in Drivers")
    func unsafePointers() throws {
        for file in tree.files(below: "Sources", endings: ["swift"]) where !file.hasPrefix("Sources/Drivers/") {
            let hits = try tree.lines(file).filter {
                !isComment($0) && ($0.contains("OpaquePointer") || $0.contains("MutablePointer"))
            }
            #expect(hits.isEmpty, "\(file): \(hits.first ?? "")")
        }
    }

    @Test("a failure is never lost in try?, and nothing delivered is unfinished")
    func lostFailures() throws {
        for file in tree.files(below: "Sources", endings: ["swift"]) {
            for (number, line) in try tree.lines(file).enumerated() {
                let isUnfinished = line.contains(/\btry[?!]|\bTODO\b|\bFIXME\b|fatalError\(/)
                #expect(!isUnfinished, "\(file):\(number + 1): \(line)")
            }
        }
    }

    @Test("a file holds one idea: at most 400 lines")
    func fileLength() throws {
        for file in tree.files(below: "Sources", endings: ["swift", "h"])
            + tree.files(below: "Tests", endings: ["swift"])
        {
            let count = try tree.lines(file).count
            #expect(count <= 401, "\(file) has \(count) lines")
        }
    }

    private func isComment(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }

    private func importedModules(_ file: String) throws -> [String] {
        try tree.lines(file).compactMap { line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword <= 2,
                words[..<keyword].allSatisfy({ ["public", "package", "internal", "private", "@testable"].contains($0) }
                ),
                words.count > keyword + 1
            else { return nil }
            // `import struct Foundation.URL` names the kind first.
            let name =
                ["struct", "class", "enum", "func", "let", "protocol"].contains(words[keyword + 1])
                ? words[keyword + 2] : words[keyword + 1]
            return name.split(separator: ".").first.map(String.init)
        }
    }
}
