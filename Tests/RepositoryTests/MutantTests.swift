import Testing

@Suite("Mutants")
struct MutantTests {
    /// One row of the table: a fault that the campaign plants.
    struct Mutant: Hashable {
        let rule: String
        let file: String
        let original: String
        let replacement: String
        let what: String
    }

    static func mutants() throws -> [Mutant] {
        try SourceTree().lines("deploy/campaigns/mutants.tsv").dropFirst().filter { !$0.isEmpty }.map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(columns.count == 5, "\(line)")
            return Mutant(
                rule: columns[0], file: columns[1], original: columns[2], replacement: columns[3], what: columns[4])
        }
    }

    @Test("each mutant's text stands exactly once in its file, so that the campaign plants what it says")
    func texts() throws {
        let tree = SourceTree()
        for mutant in try Self.mutants() {
            let count = try tree.text(mutant.file).ranges(of: mutant.original).count
            #expect(count == 1, "\(mutant.file): \(count) times \(mutant.original)")
            #expect(mutant.original != mutant.replacement && !mutant.what.isEmpty)
        }
    }

    @Test("at least forty mutants, each once, in every section of the rules that Core computes")
    func spread() throws {
        let mutants = try Self.mutants()
        #expect(mutants.count >= 40)
        #expect(Set(mutants).count == mutants.count)
        #expect(mutants.allSatisfy { $0.file.hasPrefix("Sources/Core/") })
        #expect(Set(mutants.compactMap(\.rule.first)) == Set("GNEJDRPSAWFQCTI"))
    }
}
