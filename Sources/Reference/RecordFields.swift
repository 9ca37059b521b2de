import Core
import Drivers

/// The fields of one record by name: a wrong type is a reason to refuse the record, an absent or null field is not.
struct RecordFields {
    private let fields: JSONFields

    /// The fields of a record.
    init(_ record: JSONRecord) {
        fields = record.fields(RecordName.all)
    }

    /// Whether there is a value, of any type, that is not null.
    func has(_ name: RecordName) -> Bool { fields.has(name.rawValue) }

    /// The text of a field; nil where it is absent or null.
    func text(_ name: RecordName) throws(RejectReason) -> String? {
        switch fields.string(name.rawValue) {
        case .value(let text): return text
        case .absent, .null: return nil
        case .wrongType: throw RejectReason(.type, field: name.pointer, message: "a text or null")
        }
    }

    /// The text of the first of these fields that has one.
    func text(_ names: RecordName...) throws(RejectReason) -> String? {
        for name in names {
            if let text = try text(name) { return text }
        }
        return nil
    }

    /// A text that must be there and holds 1 to 128 characters: a part of a natural key. Any of the names will do; the first is the
    /// one that a refusal points at.
    func key(_ name: RecordName, or other: RecordName? = nil) throws(RejectReason) -> String {
        var found = try text(name)
        if found == nil, let other { found = try text(other) }
        guard let found else { throw RejectReason(.missing, field: name.pointer) }
        guard !found.isEmpty else { throw RejectReason(.empty, field: name.pointer) }
        let limit = RawCDR.maximumKeyLength
        guard found.utf8.count <= limit || found.unicodeScalars.count <= limit else {
            throw RejectReason(
                .tooLong, field: name.pointer, message: "at most \(RawCDR.maximumKeyLength) characters")
        }
        return found
    }

    /// An account number; nil where it is absent or empty, which leaves the record without a customer (rule D3).
    func ban(_ name: RecordName, or other: RecordName? = nil) throws(RejectReason) -> BAN? {
        if let text = try text(name), !text.isEmpty { return try BAN(parsing: text, field: name.pointer) }
        return if let other { try ban(other) } else { nil }
    }

    /// A time stamp; one that can't be read is held later, not refused (rule D3).
    func stamp(_ name: RecordName, or others: [RecordName] = []) throws(RejectReason) -> Stamp {
        var stamp = Stamp.absent
        switch fields.utf8(name.rawValue, { stamp = Stamp(utf8: $0) }) {
        case .value: return stamp
        case .absent, .null:
            guard let other = others.first else { return .absent }
            return try self.stamp(other, or: Array(others.dropFirst()))
        case .wrongType: throw RejectReason(.type, field: name.pointer, message: "a text or null")
        }
    }

    /// True or false; nil where the field is neither.
    func bool(_ name: RecordName) -> Bool? { fields.bool(name.rawValue).value }

    /// A whole number; nil where there is none.
    func integer(_ name: RecordName) -> Int? {
        fields.integer(name.rawValue).value.map { Int($0) }
    }

    /// A whole number or its text, as switches that build their JSON by hand write it. Nil where there is none.
    func measure(_ name: RecordName) -> Int? {
        integer(name) ?? fields.string(name.rawValue).value.flatMap { Int($0) }
    }

    /// A number or its text, in hundredths, digits behind them cut off: `4.37` is 437. Nil where there is none.
    func hundredths(_ name: RecordName) -> Int? {
        guard let text = fields.number(name.rawValue).value ?? fields.string(name.rawValue).value else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int(parts[0]), (0..<1_000_000).contains(whole) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard !fraction.isEmpty, fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let decimals = Int((fraction + "0").prefix(2))
        else { return nil }
        return whole * 100 + decimals
    }
}
