/// Names that many records have, each known by its number: all of them are found in one walk over a record's fields.
public struct JSONNames: Sendable {
    /// The most names there can be.
    public static let maximumCount = 64

    private let keys: [JSONKey]
    /// The numbers of the names where their hashes say, or behind it up to an empty place.
    private let table: [Int8]

    private static let empty: Int8 = -1
    private static let tableBits = 8

    /// These names, by their places.
    public init(_ names: [String]) {
        precondition(names.count <= JSONNames.maximumCount && Set(names).count == names.count)
        keys = names.map { JSONKey($0) }
        var table = Array(repeating: JSONNames.empty, count: 1 << JSONNames.tableBits)
        for (number, key) in keys.enumerated() {
            var place = JSONNames.place(key.prefix, key.suffix)
            while table[place] != JSONNames.empty { place = JSONNames.next(place) }
            table[place] = Int8(number)
        }
        self.table = table
    }

    /// The number of a field's name; nil for any other name.
    @inline(__always)
    func number(of field: JSONIndex.Field, in index: JSONIndex) -> Int? {
        guard field.key_has_escape == 0 else {
            let name = index.key(of: field)
            return keys.firstIndex { name.elementsEqual($0.name.utf8) }
        }
        var place = JSONNames.place(field.key_prefix, field.key_suffix)
        while table[place] != JSONNames.empty {
            let number = Int(table[place])
            if keys[number].matches(field, in: index) { return number }
            place = JSONNames.next(place)
        }
        return nil
    }

    @inline(__always)
    private static func place(_ prefix: UInt64, _ suffix: UInt64) -> Int {
        let hash = (prefix ^ (suffix &* 31)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash >> UInt64(64 - tableBits))
    }

    private static func next(_ place: Int) -> Int { (place + 1) & (1 << tableBits - 1) }
}

/// The fields of one record by the numbers of their names; what they hold is read as a `JSONRecord` reads it.
///
/// A class, as its places are many bytes to hand from function to function.
public final class JSONFields {
    private let index: JSONIndex
    /// In the index, which keeps them.
    private let fields: UnsafeBufferPointer<JSONIndex.Field>
    /// By name, the place of the last field that has it, counted from 1; 0 is none.
    private let places: InlineArray<64, UInt32>

    init(of record: JSONRecord, named names: JSONNames) {
        index = record.index
        fields = index.fields(of: record.position)
        var places = InlineArray<64, UInt32>(repeating: 0)
        for place in fields.indices {
            if let number = names.number(of: fields[place], in: index) { places[number] = UInt32(place) + 1 }
        }
        self.places = places
    }

    /// Text, with its escapes resolved.
    public func string(_ name: Int) -> JSONValue<String> { index.string(field(name)) }

    /// Hands over the UTF-8 of text, with its escapes resolved: for parsers that work on bytes.
    public func utf8(_ name: Int, _ body: (Span<UInt8>) -> Void) -> JSONValue<Void> {
        index.read(field(name), as: .string) { index.withText(of: $0) { body($0.span) } }
    }

    /// A number without fraction and exponent that an Int64 holds; any other number is `.wrongType(.number)`.
    public func integer(_ name: Int) -> JSONValue<Int64> { index.integer(field(name)) }

    /// A number as it was written.
    public func number(_ name: Int) -> JSONValue<String> { index.number(field(name)) }

    public func bool(_ name: Int) -> JSONValue<Bool> { index.bool(field(name)) }

    /// Whether there is a value, of any type, that is not null.
    public func has(_ name: Int) -> Bool { field(name).map { $0.pointee.kind != .null } ?? false }

    @inline(__always)
    private func field(_ name: Int) -> JSONIndex.FieldPointer? {
        let place = Int(places[name])
        return place == 0 ? nil : fields.baseAddress?.advanced(by: place - 1)
    }
}
