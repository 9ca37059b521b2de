import Foundation

/// Rows of a CSV text by column name; an empty field is absent.
enum CSV {
    static func rows(_ text: String) -> [[String: String]] {
        let lines = text.split(omittingEmptySubsequences: true) { $0.isNewline }
        guard let header = lines.first.map({ fields(String($0)) }) else { return [] }
        return lines.dropFirst().map { line in
            var row: [String: String] = [:]
            for (name, field) in zip(header, fields(String(line))) where !field.isEmpty { row[name] = field }
            return row
        }
    }

    private static func fields(_ line: String) -> [String] {
        guard line.utf8.contains(UInt8(ascii: "\"")) else {
            return line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        var fields = [""]
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: fields.append("")
            default: fields[fields.count - 1].append(character)
            }
        }
        return fields
    }
}
