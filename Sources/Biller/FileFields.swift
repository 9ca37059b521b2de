import Core

/// A fault of an operator's file: where it lies and what is wrong.
struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSON pointer.
    let path: String
    let problem: String

    /// `/3/cycle: 'yearly' is none of daily, weekly, monthly`
    var description: String { "\(path.isEmpty ? "/" : path): \(problem)" }
}

/// Every fault of a file: nothing of it was taken.
struct FileFaults: Error, CustomStringConvertible {
    let faults: [FileFault]

    var description: String { faults.map(\.description).joined(separator: "\n") }

    /// The JSON document of a file.
    /// - Throws: the one fault of a file that is no JSON.
    static func document(_ bytes: [UInt8]) throws(FileFaults) -> JSONValue {
        do throws(JSONValue.ParsingError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw FileFaults(faults: [
                FileFault(path: "", problem: "is no JSON: \(error.message) at byte \(error.offset)")
            ])
        }
    }
}

/// Reads an object's fields and gathers every fault on the way; what cannot be read is nil.
struct FieldReader {
    private let fields: [JSONValue.Field]
    private let path: String
    private var read: Set<String> = []
    private(set) var faults: [FileFault] = []

    init(_ value: JSONValue, path: String) {
        self.path = path
        if let fields = value.fields {
            self.fields = fields
        } else {
            fields = []
            faults.append(FileFault(path: path, problem: "is not an object"))
        }
    }

    mutating func fault(_ name: String, _ problem: String) {
        faults.append(FileFault(path: "\(path)/\(name)", problem: problem))
    }

    mutating func add(_ more: [FileFault]) { faults += more }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// The value, nil where it is absent or null.
    mutating func value(_ name: String) -> JSONValue? {
        read.insert(name)
        guard let value = fields.last(where: { $0.name == name })?.value, !value.isNull else { return nil }
        return value
    }

    /// A text that must be there; `parse` answers nil for a text that is no such value.
    mutating func required<Value>(_ name: String, _ kind: String, _ parse: (String) -> Value?) -> Value? {
        guard let value = value(name) else {
            fault(name, "is missing")
            return nil
        }
        return parsed(value, name, kind, parse)
    }

    /// A text that may be absent.
    mutating func optional<Value>(_ name: String, _ kind: String, _ parse: (String) -> Value?) -> Value? {
        value(name).flatMap { parsed($0, name, kind, parse) }
    }

    /// A whole number within bounds, or the default where it is absent.
    mutating func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
        guard let value = value(name) else { return standard }
        guard let number = value.integer, range.contains(number) else {
            fault(name, "is no whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        return number
    }

    /// A truth value, or the default where it is absent.
    mutating func flag(_ name: String, default standard: Bool) -> Bool {
        guard let value = value(name) else { return standard }
        guard let flag = value.bool else {
            fault(name, "is neither true nor false")
            return standard
        }
        return flag
    }

    /// The elements of an array; none where it is absent.
    mutating func list(_ name: String) -> [JSONValue] {
        guard let value = value(name) else { return [] }
        guard let elements = value.elements else {
            fault(name, "is not an array")
            return []
        }
        return elements
    }

    /// Ends the reading: a field that nobody asked for is a fault.
    mutating func finish() {
        for field in fields where !read.contains(field.name) { fault(field.name, "is not known") }
    }

    private mutating func parsed<Value>(
        _ value: JSONValue, _ name: String, _ kind: String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text = value.string else {
            fault(name, "is not a text")
            return nil
        }
        guard let parsed = parse(text) else {
            fault(name, "'\(text)' is not \(kind)")
            return nil
        }
        return parsed
    }
}

/// The readers of texts that files share.
enum FileText {
    /// What `money` reads, in words: `an amount with 2 decimals, at most 99999999.99`.
    static func moneyKind(_ decimals: MoneyScale) -> String {
        "an amount with \(decimals.rawValue) decimals, at most \(mostMoney(decimals).text(decimals))"
    }

    /// An amount with at most so many decimals, not negative, and not more than its column holds.
    static func money(_ decimals: MoneyScale) -> (String) -> Money? {
        { text in
            do throws(FixedPoint.ParsingError) {
                let amount = try Money(parsing: text)
                return amount >= .zero && amount <= mostMoney(decimals) && amount.isWhole(at: decimals) ? amount : nil
            } catch {
                return nil
            }
        }
    }

    /// The most that a customer's or a tax's column of so many decimals holds: numeric(10, 2), numeric(10, 4), numeric(12, 7).
    private static func mostMoney(_ decimals: MoneyScale) -> Money {
        let dollars: Int64 =
            switch decimals {
            case .cents: 100_000_000
            case .ledger: 1_000_000
            case .charge, .full: 100_000
            }
        return Money(units: dollars * 10_000_000 - decimals.units)
    }

    /// A factor, seven decimals, not negative, and below the 100,000 that its column holds.
    static func factor(_ text: String) -> Factor? {
        do throws(FixedPoint.ParsingError) {
            let factor = try Factor(parsing: text)
            return factor >= .zero && factor.units < 1_000_000_000_000 ? factor : nil
        } catch {
            return nil
        }
    }

    /// A day.
    static func day(_ text: String) -> UsageDay? { UsageDay(parsing: text) }

    /// A text of so many characters at the most, with something in it.
    static func text(upTo limit: Int) -> (String) -> String? {
        { text in text.allSatisfy(\.isWhitespace) || text.unicodeScalars.count > limit ? nil : text }
    }
}
