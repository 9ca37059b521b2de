import Foundation
import Testing

@testable import Drivers

@Suite("Durable files")
struct DurableFileTests {
    /// A path of the test's own, below a directory that does not exist yet.
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "warp-\(UUID().uuidString)").path
        try await body(directory)
        try FileManager.default.removeItem(atPath: directory)
    }

    private func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    @Test(
        "a file is written with the directories on its way, over what was there, and no draft stays",
        arguments: ["", "2026/11"])
    func written(below: String) async throws {
        try await withDirectory { directory in
            let folder = below.isEmpty ? directory : "\(directory)/\(below)"
            try DurableFile.write(Array("first, and longer".utf8), to: "\(folder)/WB-000001.html")
            try DurableFile.write(Array("second".utf8), to: "\(folder)/WB-000001.html")
            try DurableFile.write([], to: "\(folder)/empty")
            #expect(try String(contentsOfFile: "\(folder)/WB-000001.html", encoding: .utf8) == "second")
            #expect(try names(in: folder) == ["WB-000001.html", "empty"])
        }
    }

    @Test("several writers of one file leave it whole: it is one of theirs, to the last byte")
    func together() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/invoices.csv"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for digit in UInt8(0)..<8 {
                    group.addTask { try DurableFile.write([UInt8](repeating: digit, count: 100_000), to: path) }
                }
                try await group.waitForAll()
            }
            let bytes = Array(try Data(contentsOf: URL(filePath: path)))
            #expect(bytes.count == 100_000)
            #expect(Set(bytes).count == 1)
            #expect(try names(in: directory) == ["invoices.csv"])
        }
    }

    @Test("a place that is none is named with the system's reason, and what was there stays")
    func refused() async throws {
        try await withDirectory { directory in
            try DurableFile.write([1], to: "\(directory)/file")
            #expect(
                throws: DurableFile.Failure(path: "\(directory)/file/below", reason: "Not a directory", code: ENOTDIR)
            ) {
                try DurableFile.write([2], to: "\(directory)/file/below/name")
            }
            #expect(throws: DurableFile.Failure(path: directory, reason: "Is a directory", code: EISDIR)) {
                try DurableFile.write([2], to: directory)
            }
            #expect(try names(in: directory) == ["file"])
        }
    }
}
