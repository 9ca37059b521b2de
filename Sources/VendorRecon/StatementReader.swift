import Core
import Reference

/// One line of a vendor's statement, read: numbers by E.164, the stamp in UTC.
struct StatementLine: Hashable, Sendable {
    /// The data row, from 1: the header is not counted.
    let number: Int
    let callID: String?
    /// Nil where the vendor gives none, or none that is a number (rule C1).
    let ani: PhoneNumber?
    let dni: PhoneNumber?
    let start: Instant
    let billedSeconds: Int
    let rate: Rate?
    /// Five decimals.
    let cost: Money
}

/// A line that cannot be read: imported around, reported with its number.
struct StatementFault: Hashable, Sendable {
    /// The data row, from 1.
    let number: Int
    let reason: String
    let text: String
}

/// Reads a statement by its vendor's format, line by line, in constant memory.
struct StatementReader: Sendable {
    let format: StatementFormat
    let numbers: NumberPlan

    /// The most characters of a bad line that are kept.
    static let keptCharacters = 2_000

    /// What a line turned out to be.
    enum Reading: Sendable {
        case line(StatementLine)
        case fault(StatementFault)
    }

    /// Hands over every data row of the file in order.
    /// - Throws: `ReconError` when the header lacks a column that the format names, and what the body throws.
    func forEachLine(of file: CSVReader, _ body: (Reading) throws -> Void) throws {
        var toSkip = format.skipLines
        var positions: [StatementFormat.StatementField: Int]?
        var number = 0
        try file.forEachLine { result in
            if toSkip > 0 {
                toSkip -= 1
                return
            }
            guard let columns = positions else {
                positions = try header(result)
                return
            }
            number += 1
            switch result {
            case .success(let line): try body(read(line.fields, number, columns))
            case .failure(let fault): try body(.fault(StatementFault(number: number, reason: fault.problem, text: "")))
            }
        }
        guard positions != nil else { throw ReconError.badFile(format.name, ["the file has no header line"]) }
    }

    private func header(
        _ result: Result<CSVReader.Line, CSVReader.Fault>
    ) throws -> [StatementFormat.StatementField: Int] {
        let titles: [String]
        switch result {
        case .success(let line): titles = line.fields
        case .failure(let fault): throw ReconError.badFile(format.name, ["header: \(fault.problem)"])
        }
        var positions: [StatementFormat.StatementField: Int] = [:]
        var faults: [String] = []
        for (field, title) in format.columns {
            positions[field] = titles.firstIndex(of: title)
            if positions[field] == nil { faults.append("the header has no column '\(title)' (\(field.rawValue))") }
        }
        guard faults.isEmpty else { throw ReconError.badFile(format.name, faults.sorted()) }
        return positions
    }

    private func read(
        _ fields: [String], _ number: Int, _ positions: [StatementFormat.StatementField: Int]
    ) -> Reading {
        func text(_ field: StatementFormat.StatementField) -> String? {
            guard let position = positions[field], position < fields.count else { return nil }
            let text = fields[position].drop { $0 == " " }
            return text.isEmpty ? nil : String(text)
        }
        func fault(_ reason: String) -> Reading {
            .fault(
                StatementFault(
                    number: number, reason: reason,
                    text: String(
                        fields.joined(separator: String(format.delimiter)).prefix(StatementReader.keptCharacters))))
        }
        guard let stamp = text(.start), let start = format.startFormat.instant(stamp, in: format.timezone) else {
            return fault("start: no stamp of the format")
        }
        guard let seconds = text(.billedSeconds).flatMap({ Int(format.plainDecimal($0)) }), seconds >= 0 else {
            return fault("billed_seconds: not a count of seconds")
        }
        do throws(FixedPoint.ParsingError) {
            let cost = try Money(parsing: format.plainDecimal(text(.cost) ?? ""))
            let rate: Rate?
            if let written = text(.rate) { rate = try Rate(parsing: format.plainDecimal(written)) } else { rate = nil }
            return .line(
                StatementLine(
                    number: number, callID: text(.callID), ani: numbers.normalize(text(.ani)).number,
                    dni: numbers.normalize(text(.dni)).number, start: start, billedSeconds: seconds, rate: rate,
                    cost: cost.rounded(to: .charge)))
        } catch {
            return fault("cost or rate: not an amount with at most seven decimals")
        }
    }
}
