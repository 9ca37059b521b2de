import Core
import Drivers

/// The fields of one record by name: a wrong type is a reason to refuse the record, an absent or null field is not.
struct RecordFields {
    let record: JSONRecord

    /// Whether there is a value, of any type, that is not null.
    func has(_ name: JSONKey) -> Bool { record.contains(name) && !record.isNull(name) }

    /// The text of a field; nil where it is absent or null.
    func text(_ name: String) throws(RejectReason) -> String? {
        switch record.string(JSONKey(name)) {
        case .value(let text): return text
        case .absent, .null: return nil
        case .wrongType: throw RejectReason(.type, field: "/" + name, message: "a text or null")
        }
    }

    /// The text of the first of these fields that has one.
    func text(_ names: String...) throws(RejectReason) -> String? {
        for name in names {
            if let text = try text(name) { return text }
        }
        return nil
    }

    /// A text that must be there and holds 1 to 128 characters: a part of a natural key. Any of the names will do; the first is the
    /// one that a refusal points at.
    func key(_ name: String, _ others: String...) throws(RejectReason) -> String {
        let pointer = "/" + name
        var found = try text(name)
        for other in others where found == nil { found = try text(other) }
        guard let found else { throw RejectReason(.missing, field: pointer) }
        guard !found.isEmpty else { throw RejectReason(.empty, field: pointer) }
        guard found.unicodeScalars.count <= RawCDR.maximumKeyLength else {
            throw RejectReason(.tooLong, field: pointer, message: "at most \(RawCDR.maximumKeyLength) characters")
        }
        return found
    }

    /// An account number; nil where it is absent or empty, which leaves the record without a customer (rule D3).
    func ban(_ names: String...) throws(RejectReason) -> BAN? {
        for name in names {
            guard let text = try text(name), !text.isEmpty else { continue }
            return try BAN(parsing: text, field: "/" + name)
        }
        return nil
    }

    /// A time stamp; one that can't be read is held later, not refused (rule D3).
    func stamp(_ names: String...) throws(RejectReason) -> Stamp {
        for name in names {
            if let text = try text(name) { return Stamp(parsing: text) }
        }
        return .absent
    }

    /// A whole number; nil where there is none.
    func integer(_ name: JSONKey) -> Int? {
        record.integer(name).value.map { Int($0) }
    }

    /// A whole number or its text, as switches that build their JSON by hand write it. Nil where there is none.
    func measure(_ name: JSONKey) -> Int? {
        integer(name) ?? record.string(name).value.flatMap { Int($0) }
    }

    /// A number or its text, in hundredths, digits behind them cut off: `4.37` is 437. Nil where there is none.
    func hundredths(_ name: JSONKey) -> Int? {
        guard let text = record.number(name).value ?? record.string(name).value else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int(parts[0]), (0..<1_000_000).contains(whole) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard !fraction.isEmpty, fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let decimals = Int((fraction + "0").prefix(2))
        else { return nil }
        return whole * 100 + decimals
    }
}
