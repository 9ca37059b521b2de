import Drivers
import Foundation
import Glibc
import Testing

@Suite("Lines of a stream")
struct LineStreamTests {
    @Test("lines come whole, in order, with or without a last line feed")
    func lines() throws {
        #expect(try Self.lines(of: "one\ntwo\r\n\nlast") == ["one", "two", "", "last"])
        #expect(try Self.lines(of: "one\n") == ["one"])
        #expect(try Self.lines(of: "") == [])
    }

    @Test("a line longer than many chunks comes whole, one longer than allowed is read over")
    func longLines() throws {
        let long = String(repeating: "x", count: 300_000)
        #expect(try Self.lines(of: "a\n\(long)\nb") == ["a", long, "b"])
        #expect(try Self.lines(of: "a\n\(long)\nb\n", maximumBytes: 100_000) == ["a", nil, "b"])
        #expect(try Self.lines(of: long, maximumBytes: 299_999) == [nil])
        #expect(try Self.lines(of: "12345\n123456\n", maximumBytes: 5) == ["12345", nil])
    }

    @Test("a reader knows whether the next line would keep it waiting")
    func waiting() throws {
        let pipe = Pipe()
        var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor)
        try pipe.fileHandleForWriting.write(contentsOf: Data("one\ntwo\nthr".utf8))
        var isThere = reader.hasLine()
        #expect(!isThere)
        #expect(try reader.next() == .bytes(Array("one".utf8)))
        isThere = reader.hasLine()
        #expect(isThere)
        #expect(try reader.next() == .bytes(Array("two".utf8)))
        isThere = reader.hasLine()
        #expect(!isThere)
        try pipe.fileHandleForWriting.write(contentsOf: Data("ee".utf8))
        try pipe.fileHandleForWriting.close()
        #expect(try reader.next() == .bytes(Array("three".utf8)))
        #expect(try reader.next() == nil)
    }

    @Test("what is appended stands in the file after a flush, in order")
    func writing() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID().uuidString)")
        defer { _ = unlink(file.path) }
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var writer = ChunkWriter(descriptor: descriptor)
        for number in 0..<20_000 { try writer.append(Array("\(number)\n".utf8)) }
        try writer.flush()
        close(descriptor)
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text == (0..<20_000).map { "\($0)\n" }.joined())
    }

    @Test("a descriptor that cannot be read says why")
    func unreadable() {
        var reader = LineReader(descriptor: -1)
        #expect(throws: StreamError.self) { try reader.next() }
    }

    /// The lines of a text that comes through a file; nil for one that is too long.
    private static func lines(of text: String, maximumBytes: Int = 1 << 20) throws -> [String?] {
        let file = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        let descriptor = open(file.path, O_RDONLY)
        defer {
            close(descriptor)
            unlink(file.path)
        }
        var reader = LineReader(descriptor: descriptor, maximumBytes: maximumBytes)
        var lines: [String?] = []
        while let line = try reader.next() {
            switch line {
            case .bytes(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
            case .tooLong: lines.append(nil)
            }
        }
        return lines
    }
}
