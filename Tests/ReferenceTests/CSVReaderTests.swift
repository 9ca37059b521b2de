import Drivers
import Foundation
import Testing

@testable import Reference

@Suite("CSV")
struct CSVReaderTests {
    @Test(
        "fields come as they stand, quoted ones without their quotes",
        arguments: [
            ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
            ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
            ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
            ("\u{FEFF}a,b\n\n\nc,\n", [["a", "b"], ["c", ""]]),
            ("\"a,1\",\"say \"\"hi\"\"\"\n", [["a,1", "say \"hi\""]]),
            ("\"two\nlines\",x\r\n", [["two\nlines", "x"]]),
            ("\"a\"\r\n\"\",\n", [["a"], ["", ""]]),
            ("", []),
        ])
    func fields(text: String, expected: [[String]]) throws {
        #expect(try lines(of: text).map { try $0.get().fields } == expected)
    }

    @Test("a record's number is the line on which it begins")
    func numbers() throws {
        let numbers = try lines(of: "head\n\n\"two\nlines\"\nlast\n").map { try $0.get().number }
        #expect(numbers == [1, 3, 5])
    }

    @Test("a record that cannot be read is told with its line, and the next ones are read")
    func faults() throws {
        let found = try lines(of: "a,b\n\"a\"x,b\nc,d\n\"open\n")
        #expect(
            found.map(\.fault) == [
                nil, .init(line: 2, problem: "text stands behind a closing quote"), nil,
                .init(line: 4, problem: "a quoted field does not end"),
            ])
    }

    @Test("bytes that are not UTF-8 are a fault of their record")
    func encoding() throws {
        let found = try lines(of: Data([0x61, 0x0A, 0xFF, 0x0A]))
        #expect(found.map(\.fault) == [nil, .init(line: 2, problem: "a field is not UTF-8")])
    }

    @Test("another separator")
    func separator() throws {
        #expect(try lines(of: Data("a;b,c\n".utf8), separator: ";").map { try $0.get().fields } == [["a", "b,c"]])
    }

    private func lines(of text: String) throws -> [Result<CSVReader.Line, CSVReader.Fault>] {
        try lines(of: Data(text.utf8))
    }

    private func lines(
        of data: Data, separator: Unicode.Scalar = ","
    ) throws -> [Result<CSVReader.Line, CSVReader.Fault>] {
        let url = URL.temporaryDirectory.appending(path: "csv-\(UUID().uuidString)")
        try data.write(to: url)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
        var lines: [Result<CSVReader.Line, CSVReader.Fault>] = []
        CSVReader(try MappedFile(path: url.path), separator: separator).forEachLine { lines.append($0) }
        return lines
    }
}

extension Result where Failure == CSVReader.Fault {
    /// The failure, where it is one.
    fileprivate var fault: Failure? {
        guard case .failure(let fault) = self else { return nil }
        return fault
    }
}
