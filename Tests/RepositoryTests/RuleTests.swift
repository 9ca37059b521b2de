import Core
import Testing

@Suite("Rules")
struct RuleTests {
    let tree = SourceTree()

    /// The pages on which rules are explained, each under a heading that begins with its id.
    private func pages() -> [String] {
        ["docs/rating.md"] + tree.files(below: "docs/rating", endings: ["md"])
    }

    /// The ids of all headings, in the order in which they stand.
    private func explained() throws -> [String] {
        try pages().flatMap { page in
            try tree.lines(page).compactMap { line in
                line.wholeMatch(of: /### ([A-Z][0-9]{1,2}) .+/).map { String($0.1) }
            }
        }
    }

    /// The public cases and those of our own.
    private func cases() throws -> [JSONValue] {
        let folders = ["Tests/Fixtures/vectors", "Tests/Fixtures/vectors-own"]
        return try folders.flatMap { tree.files(below: $0, endings: ["jsonl"]) }.flatMap { file in
            try tree.lines(file).filter { !$0.isEmpty }.map { try JSONValue(parsing: String($0)) }
        }
    }

    @Test("each rule is explained once, and no section leaves a number out")
    func once() throws {
        var numbers: [Character: [Int]] = [:]
        for id in try explained() {
            let section = try #require(id.first)
            numbers[section, default: []].append(try #require(Int(id.dropFirst())))
        }
        #expect(numbers.count == 18)
        for (section, numbers) in numbers {
            #expect(numbers.sorted() == Array(1...numbers.count), "section \(section)")
        }
    }

    @Test("every rule that Core names is explained")
    func named() throws {
        let explained = Set(try explained())
        let sections = Set(explained.compactMap(\.first))
        var count = 0
        for file in tree.files(below: "Sources/Core", endings: ["swift"]) {
            for line in try tree.lines(file) {
                guard let comment = line.firstRange(of: "//") else { continue }
                for match in line[comment.upperBound...].matches(of: /\b([A-Z])[0-9]{1,2}\b/) {
                    guard let section = match.1.first, sections.contains(section) else { continue }
                    count += 1
                    #expect(explained.contains(String(match.0)), "\(match.0) of \(file)")
                }
            }
        }
        #expect(count > 200)
    }

    @Test("every case has an id of its own and names rules that are explained")
    func rulesOfCases() throws {
        let explained = Set(try explained())
        var ids: Set<String> = []
        for vector in try cases() {
            let id = try #require(vector["id"]?.string)
            #expect(ids.insert(id).inserted, "\(id) stands twice")
            let rules = (vector["rules"]?.elements ?? []).compactMap(\.string)
            #expect(!rules.isEmpty, "\(id)")
            for rule in rules { #expect(explained.contains(rule), "\(rule) of \(id)") }
        }
    }

    @Test("every example on the rules' pages is a case that is run")
    func examples() throws {
        let ids = Set(try cases().compactMap { $0["id"]?.string })
        var count = 0
        for page in pages() {
            for match in try tree.text(page).matches(of: /`([a-z-]+-[0-9]{3})`/) {
                count += 1
                #expect(ids.contains(String(match.1)), "\(match.1) on \(page)")
            }
        }
        #expect(count > 200)
    }
}
