import Foundation
import Testing

@testable import Drivers

@Suite("gzip, mapped files and PDF")
struct FileFormatTests {
    @Test("what gzip packs it unpacks, empty and large", arguments: [0, 1, 70_000, 1_000_000])
    func gzip(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 100) }
        let packed = Gzip.compress(bytes)
        #expect(packed.starts(with: [0x1f, 0x8b]))
        #expect(try Gzip.decompress(packed, limit: 1_000_000) == bytes)
    }

    @Test("several members are one content, as gzip itself has it")
    func members() throws {
        let packed = Gzip.compress(Array("one,".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try Gzip.decompress(packed, limit: 100) == Array("one,two".utf8))
    }

    @Test("a bomb is given up at the limit, and damage is named")
    func faults() {
        let packed = Gzip.compress([UInt8](repeating: 0, count: 10_000_000))
        #expect(throws: Gzip.Failure.tooLarge(limit: 1_000)) { try Gzip.decompress(packed, limit: 1_000) }
        #expect(throws: Gzip.Failure.malformed) { try Gzip.decompress(Array(packed.dropLast(9)), limit: 20_000_000) }
        #expect(throws: Gzip.Failure.malformed) { try Gzip.decompress(Array("plain".utf8), limit: 100) }
        #expect(throws: Gzip.Failure.malformed) { try Gzip.decompress([], limit: 100) }
    }

    @Test("a mapped file shows its bytes and refuses a wrong checksum")
    func mapped() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "warp-\(UUID().uuidString)").path
        try Data("ported numbers".utf8).write(to: URL(filePath: path))
        let file = try MappedFile(path: path, expectedSHA256: Digest.sha256("ported numbers"))
        #expect(file.count == 14)
        #expect(file.withBytes { $0[0] } == UInt8(ascii: "p"))
        #expect(file.sha256 == Digest.sha256("ported numbers"))
        #expect(throws: MappedFile.Failure.checksumMismatch(path: path)) {
            try MappedFile(path: path, expectedSHA256: Digest.sha256("other"))
        }
        try Data().write(to: URL(filePath: path))
        #expect(try MappedFile(path: path).withBytes { $0.isEmpty })
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: MappedFile.Failure.unreadable(path: path, reason: "No such file or directory")) {
            try MappedFile(path: path)
        }
    }

    @Test("a PDF has its pages, and text is as wide as its font says")
    func pdf() throws {
        let writer = try PDFWriter(title: "Invoice INV-1", firstPage: .letter)
        try writer.text("Invoice – Zoë €", x: 72, y: 72, font: .bold, size: 20)
        try writer.text("123.45", rightX: 540, y: 100)
        try writer.line(fromX: 72, y: 110, toX: 540, y: 110)
        try writer.addPage(.a4)
        try writer.box(x: 72, y: 72, width: 100, height: 20, color: .gray)
        let bytes = try writer.bytes()
        #expect(bytes.starts(with: Array("%PDF-1.".utf8)))
        #expect(String(decoding: bytes, as: UTF8.self).contains("/Count 2"))
        // Helvetica: digits are 556 thousandths wide, the point 278.
        #expect(abs(writer.width(of: "123.45", size: 10) - 30.58) < 0.01)
        #expect(abs(writer.width(of: "00", font: .monospaced, size: 10) - 12) < 0.01)
    }
}
