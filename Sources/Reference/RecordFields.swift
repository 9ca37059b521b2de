import Core
import Drivers

/// The fields of one record by name: a wrong type is a reason to refuse the record, an absent or null field is not.
struct RecordFields {
    let record: JSONRecord

    /// Whether there is a value, of any type, that is not null.
    func has(_ name: JSONKey) -> Bool { record.contains(name) && !record.isNull(name) }

    /// The text of a field; nil where it is absent or null.
    func text(_ name: JSONKey) throws(RejectReason) -> String? {
        switch record.string(name) {
        case .value(let text): return text
        case .absent, .null: return nil
        case .wrongType: throw RejectReason(.type, field: "/" + name.name, message: "a text or null")
        }
    }

    /// The text of the first of these fields that has one.
    func text(_ names: JSONKey...) throws(RejectReason) -> String? {
        for name in names {
            if let text = try text(name) { return text }
        }
        return nil
    }

    /// A text that must be there and holds 1 to 128 characters: a part of a natural key. Any of the names will do; the first is the
    /// one that a refusal points at.
    func key(_ name: JSONKey, or other: JSONKey? = nil) throws(RejectReason) -> String {
        var found = try text(name)
        if found == nil, let other { found = try text(other) }
        guard let found else { throw RejectReason(.missing, field: "/" + name.name) }
        guard !found.isEmpty else { throw RejectReason(.empty, field: "/" + name.name) }
        let limit = RawCDR.maximumKeyLength
        guard found.utf8.count <= limit || found.unicodeScalars.count <= limit else {
            throw RejectReason(
                .tooLong, field: "/" + name.name, message: "at most \(RawCDR.maximumKeyLength) characters")
        }
        return found
    }

    /// An account number; nil where it is absent or empty, which leaves the record without a customer (rule D3).
    func ban(_ name: JSONKey, or other: JSONKey? = nil) throws(RejectReason) -> BAN? {
        if let text = try text(name), !text.isEmpty { return try BAN(parsing: text, field: "/" + name.name) }
        return if let other { try ban(other) } else { nil }
    }

    /// A time stamp; one that can't be read is held later, not refused (rule D3).
    func stamp(_ name: JSONKey, or others: [JSONKey] = []) throws(RejectReason) -> Stamp {
        switch record.utf8(name) {
        case .value(let bytes): return Stamp(utf8: bytes.span)
        case .absent, .null:
            guard let other = others.first else { return .absent }
            return try stamp(other, or: Array(others.dropFirst()))
        case .wrongType: throw RejectReason(.type, field: "/" + name.name, message: "a text or null")
        }
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
