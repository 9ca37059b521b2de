public import Foundation

/// A server type as a parameter names it: its object id and that of its array.
public struct PostgresType: Sendable, Hashable {
    public let oid: UInt32
    public let arrayOID: UInt32

    public init(oid: UInt32, arrayOID: UInt32) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    /// The server infers it from the statement.
    public static let inferred = PostgresType(oid: 0, arrayOID: 0)
    public static let bool = PostgresType(oid: 16, arrayOID: 1000)
    public static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    public static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    public static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    public static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    public static let text = PostgresType(oid: 25, arrayOID: 1009)
    public static let date = PostgresType(oid: 1082, arrayOID: 1182)
    public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    public static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    public static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
}

/// A value that an interpolation of `SQL` binds as a parameter, in the server's text form.
public protocol PostgresEncodable: Sendable {
    static var postgresType: PostgresType { get }
    /// The text form that the server's input function reads; nil is NULL.
    var postgresText: String? { get }
    /// An array of such values in the server's binary form; nil for types whose arrays go as text.
    static func postgresBinary(_ values: [Self]) -> [UInt8]?
    /// The value in the server's binary form; nil where it goes as text.
    var postgresBinary: [UInt8]? { get }
}

extension PostgresEncodable {
    public static func postgresBinary(_ values: [Self]) -> [UInt8]? { nil }
    public var postgresBinary: [UInt8]? { nil }
}

/// A value that a column can be read as.
public protocol PostgresDecodable {
    init(postgres cell: PostgresCell) throws(PostgresError)
    /// A column of several such values.
    static func array(postgres cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresDecodable {
    public static func array(postgres cell: PostgresCell) throws(PostgresError) -> [Self] {
        var values: [Self] = []
        for element in try PostgresText.elements(of: cell) {
            values.append(try Self(postgres: element))
        }
        return values
    }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }
    public var postgresText: String? { self ? "t" : "f" }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.bool() }
}

extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public var postgresText: String? { String(self) }
    public static func postgresBinary(_ values: [Int]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .int8, width: 8, count: values.count)
        for value in values { array.add(value) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = Int(try cell.int64()) }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }
    public var postgresText: String? { String(self) }
    public static func postgresBinary(_ values: [Int64]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .int8, width: 8, count: values.count)
        for value in values { array.add(value) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.int64() }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }
    public var postgresText: String? { String(self) }
    public static func postgresBinary(_ values: [Int32]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .int4, width: 4, count: values.count)
        for value in values { array.add(value) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = Int32(exactly: try cell.int64()) else { throw cell.malformed("not an int4") }
        self = value
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }
    public var postgresText: String? { String(self) }
    public static func postgresBinary(_ values: [Int16]) -> [UInt8]? {
        var array = PostgresBinaryArray(of: .int2, width: 2, count: values.count)
        for value in values { array.add(value) }
        return array.bytes
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = Int16(exactly: try cell.int64()) else { throw cell.malformed("not an int2") }
        self = value
    }
}

/// Texts as an array that is `text[]` in any place, in the server's binary form; other arrays of texts take the type of their place and go as text.
public struct PostgresTexts: PostgresEncodable {
    private let texts: [String]

    public init(_ texts: [String]) {
        self.texts = texts
    }

    public static var postgresType: PostgresType { PostgresType(oid: PostgresType.text.arrayOID, arrayOID: 0) }
    public var postgresText: String? { PostgresText.array(texts) }
    public var postgresBinary: [UInt8]? {
        // What PostgreSQL cannot keep is refused as any other text is.
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { return nil }
        var array = PostgresBinaryArray(of: .text, width: 16, count: texts.count)
        for text in texts { array.add(text) }
        return array.bytes
    }
}

/// Values of bytea as an array, in the server's binary form; without it they would go as twice as many digits.
public struct PostgresBlobs: PostgresEncodable {
    private let blobs: [[UInt8]]

    public init(_ blobs: [[UInt8]]) {
        self.blobs = blobs
    }

    public static var postgresType: PostgresType { PostgresType(oid: PostgresType.bytea.arrayOID, arrayOID: 0) }
    public var postgresText: String? { PostgresText.array(blobs.map(\.postgresText)) }
    public var postgresBinary: [UInt8]? {
        var array = PostgresBinaryArray(of: .bytea, width: blobs.first?.count ?? 0, count: blobs.count)
        for blob in blobs { array.add(blob) }
        return array.bytes
    }
}

/// Bound without a type, so that the server takes it as what the place asks for: text, uuid, numeric, jsonb, an enum.
/// Where nothing around says a type (`SELECT $1`, `unnest($1)`) write the cast: `\(names)::text[]`.
extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .inferred }
    public var postgresText: String? { self }
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.text() }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .uuid }
    public var postgresText: String? { uuidString }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = UUID(uuidString: try cell.text()) else { throw cell.malformed("not a uuid") }
        self = value
    }
}

/// Millisecond precision, by way of whole milliseconds since 1970.
extension Date: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .timestamptz }
    public var postgresText: String? {
        PostgresTimestamp.text(milliseconds: Int64((timeIntervalSince1970 * 1_000).rounded()))
    }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(timeIntervalSince1970: TimeInterval(try cell.milliseconds()) / 1_000)
    }
}

/// `[UInt8]` is bytea; an array of anything else is the server's array of that type.
extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType {
        Element.self == UInt8.self ? .bytea : PostgresType(oid: Element.postgresType.arrayOID, arrayOID: 0)
    }
    public var postgresText: String? {
        if Element.self == UInt8.self, let bytes = self as? [UInt8] { return PostgresText.hex(bytes) }
        return PostgresText.array(map { $0.postgresText })
    }
    public var postgresBinary: [UInt8]? { Element.postgresBinary(self) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try Element.array(postgres: cell) }
}

/// Only as the element of bytea; alone it is a small integer.
extension UInt8: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }
    public var postgresText: String? { String(self) }
    public static func postgresBinary(_ values: [UInt8]) -> [UInt8]? { values }
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = UInt8(exactly: try cell.int64()) else { throw cell.malformed("not in 0...255") }
        self = value
    }
    public static func array(postgres cell: PostgresCell) throws(PostgresError) -> [UInt8] { try cell.bytea() }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public var postgresText: String? {
        // Not `flatMap(\.postgresText)`: generic code would make that key path anew for every value.
        guard case .some(let value) = self else { return nil }
        return value.postgresText
    }
    public static func postgresBinary(_ values: [Wrapped?]) -> [UInt8]? {
        // Values that are all there go as such; NULLs go as text.
        let present = values.compactMap(\.self)
        return present.count == values.count ? Wrapped.postgresBinary(present) : nil
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = cell.isNull ? nil : try Wrapped(postgres: cell)
    }
}
