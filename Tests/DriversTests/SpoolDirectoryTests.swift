import Foundation
import TestSupport
import Testing

@testable import Drivers

@Suite("The spool's files")
struct SpoolDirectoryTests {
    @Test("entries come back in the order in which they were appended, over segments and after reopening")
    func order() async throws {
        try await withDirectory { path in
            let entries = (0..<200).map { Array("entry \($0) \(String(repeating: "x", count: $0))".utf8) }
            let spool = SpoolDirectory(path: path, maxBytes: 1 << 20, segmentBytes: 1_000)
            for chunk in stride(from: 0, to: 200, by: 7) {
                try await spool.append(Array(entries[chunk..<min(chunk + 7, 200)]))
            }
            #expect(!spool.load.isEmpty)
            await spool.close()
            let reopened = SpoolDirectory(path: path, maxBytes: 1 << 20)
            let read = try await drain(reopened, upTo: 300)
            #expect(read == entries)
            #expect(reopened.load.isEmpty)
            #expect(try spoolFiles(path).isEmpty)
        }
    }

    @Test("what was drained before a kill is not drained again, what was not is")
    func resumes() async throws {
        try await withDirectory { path in
            let spool = SpoolDirectory(path: path, maxBytes: 1 << 20)
            try await spool.append((0..<10).map { [UInt8($0)] })
            let part = try #require(try await spool.next(upTo: 4))
            #expect(part.entries == [[0], [1], [2], [3]])
            try await spool.drop(part)
            _ = try await spool.next(upTo: 3)
            await spool.close()
            let reopened = SpoolDirectory(path: path, maxBytes: 1 << 20)
            #expect(try await drain(reopened) == (4..<10).map { [UInt8($0)] })
        }
    }

    @Test("a file torn anywhere in its last entry loses that entry alone, which nobody was told of")
    func torn() async throws {
        try await withDirectory { path in
            let entries = [Array("the first".utf8), Array("the second".utf8), Array("the last".utf8)]
            let whole = try await bytes(of: entries, in: path)
            let lastStart = whole.count - SpoolSegment.size(of: entries[2])
            for length in lastStart..<whole.count {
                let spool = try directory(path, holding: Array(whole[..<length]))
                var torn = 0
                var read: [[UInt8]] = []
                while let part = try await spool.next(upTo: 1_000) {
                    read += part.entries
                    torn += part.tornCount
                    #expect(part.damage == nil)
                    try await spool.drop(part)
                }
                #expect(read == Array(entries[..<2]))
                #expect(torn == length - lastStart)
                await spool.close()
            }
        }
    }

    @Test("a damaged byte costs the entry that holds it, whose bytes are copied out; those behind it are read")
    func damaged() async throws {
        try await withDirectory { path in
            let entries = (0..<5).map { Array("entry number \($0)".utf8) }
            let whole = try await bytes(of: entries, in: path)
            let size = SpoolSegment.size(of: entries[0])
            var generator = SeededGenerator(property: 4_711)
            for _ in 0..<60 {
                let offset = Int.random(in: SpoolSegment.headerSize..<(whole.count - size), using: &generator)
                var broken = whole
                broken[offset] ^= UInt8.random(in: 1...255, using: &generator)
                let spool = try directory(path, holding: broken)
                var read: [[UInt8]] = []
                var copies: [[UInt8]] = []
                while let part = try await spool.next(upTo: 1_000) {
                    read += part.entries
                    if let damage = part.damage {
                        copies.append(Array(try #require(FileManager.default.contents(atPath: damage.file))))
                    }
                    try await spool.drop(part)
                }
                let lost = (offset - SpoolSegment.headerSize) / size
                #expect(read == entries.indices.filter { $0 != lost }.map { entries[$0] }, "byte \(offset)")
                let start = SpoolSegment.headerSize + lost * size
                #expect(copies == [Array(broken[start..<start + size])])
                await spool.close()
            }
        }
    }

    @Test("a damaged mark of how far a file is drained brings entries again, and leaves none out")
    func damagedMark() async throws {
        try await withDirectory { path in
            let entries = (0..<4).map { Array("entry number \($0)".utf8) }
            let whole = try await bytes(of: entries, in: path)
            let size = SpoolSegment.size(of: entries[0])
            for mark in [0, 15, 17, 16 + size + 1, whole.count - 1, whole.count + 1, .max] {
                var broken = whole
                withUnsafeBytes(of: UInt64(mark).littleEndian) { broken.replaceSubrange(8..<16, with: $0) }
                let spool = try directory(path, holding: broken)
                #expect(try await drain(spool) == entries, "mark \(mark)")
                await spool.close()
            }
            var halfway = whole
            withUnsafeBytes(of: UInt64(16 + 2 * size).littleEndian) { halfway.replaceSubrange(8..<16, with: $0) }
            let spool = try directory(path, holding: halfway)
            #expect(try await drain(spool) == Array(entries[2...]))
        }
    }

    @Test("above its bound it refuses all of an append, and takes it again once something was drained")
    func bounded() async throws {
        try await withDirectory { path in
            let spool = SpoolDirectory(path: path, maxBytes: 250)
            let entry = [UInt8](repeating: 7, count: 100)
            try await spool.append([entry])
            try await spool.append([entry])
            await #expect(throws: SpoolDirectory.Refusal.full) { try await spool.append([entry]) }
            #expect(spool.load.refusal == .full)
            let part = try #require(try await spool.next(upTo: 1))
            try await spool.drop(part)
            #expect(spool.load.refusal == nil)
            try await spool.append([entry])
            #expect(try await drain(spool) == [entry, entry])
        }
    }

    @Test("a directory that can't be written refuses with the system's words, and takes entries once it can")
    func unwritable() async throws {
        try await withDirectory { path in
            // A file where the directory should be: no user may write there, root neither.
            try Data().write(to: URL(filePath: path))
            let spool = SpoolDirectory(path: path, maxBytes: 1_000)
            await #expect(throws: SpoolDirectory.Refusal.self) { try await spool.append([[1]]) }
            guard case .failed(let failure) = spool.load.refusal else {
                Issue.record("no failure is shown")
                return
            }
            #expect(failure.reason == "Not a directory")
            try FileManager.default.removeItem(atPath: path)
            try await spool.append([[1]])
            #expect(spool.load.refusal == nil)
        }
    }

    @Test("who has the directory keeps others out; whoever comes after it is given back finds what is left")
    func locked() async throws {
        try await withDirectory { path in
            let first = SpoolDirectory(path: path, maxBytes: 1_000)
            let second = SpoolDirectory(path: path, maxBytes: 1_000)
            try await first.append([[1]])
            await #expect(throws: SpoolDirectory.Refusal.busy) { try await second.open() }
            await first.close()
            #expect(try await drain(second) == [[1]])
        }
    }

    @Test("what was set aside stays until it is put back, and is drained then")
    func aside() async throws {
        try await withDirectory { path in
            let spool = SpoolDirectory(path: path, maxBytes: 1_000)
            try await spool.append([[1], [2]])
            _ = try await drain(spool)
            try await spool.setAside([9])
            #expect(try SpoolDirectory.contents(of: path) == (0, 1))
            #expect(try await spool.isSpent() == false)
            #expect(try await spool.next(upTo: 10) == nil)
            #expect(try SpoolDirectory.putBack(in: path) == 1)
            _ = try await spool.isSpent()
            try await spool.append([[3]])
            #expect(try await drain(spool) == [[9], [3]])
            #expect(try await spool.isSpent())
        }
    }

    @Test("whatever bytes a file holds, reading ends, and gives no entry that was not appended")
    func anyBytes() async throws {
        try await withDirectory { path in
            var generator = SeededGenerator(property: 815)
            let entries = (0..<8).map { Array("entry \($0) of some length".utf8) }
            let whole = try await bytes(of: entries, in: path)
            for _ in 0..<400 {
                let spool = try directory(path, holding: mutated(whole, using: &generator))
                for entry in try await drain(spool) { #expect(entries.contains(entry)) }
                await spool.close()
            }
        }
    }

    // MARK: Files

    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: parent) } catch { Issue.record(error) } }
        try await body("\(parent)/1")
    }

    private func drain(_ spool: SpoolDirectory, upTo limit: Int = 1 << 20) async throws -> [[UInt8]] {
        var entries: [[UInt8]] = []
        while let part = try await spool.next(upTo: limit) {
            entries += part.entries
            try await spool.drop(part)
        }
        return entries
    }

    /// The bytes of the one segment that holds these entries.
    private func bytes(of entries: [[UInt8]], in path: String) async throws -> [UInt8] {
        let spool = SpoolDirectory(path: path, maxBytes: 1 << 20)
        for entry in entries { try await spool.append([entry]) }
        await spool.close()
        let file = try #require(try spoolFiles(path).first)
        return Array(try #require(FileManager.default.contents(atPath: "\(path)/\(file)")))
    }

    /// The directory with one segment of these bytes.
    private func directory(_ path: String, holding bytes: [UInt8]) throws -> SpoolDirectory {
        try FileManager.default.removeItem(atPath: path)
        try DurableFile.write(bytes, to: "\(path)/000000000001.spool")
        return SpoolDirectory(path: path, maxBytes: 1 << 20)
    }

    private func spoolFiles(_ path: String) throws -> [String] {
        try DurableFile.names(in: path).filter { $0.hasSuffix(".spool") }
    }
}
