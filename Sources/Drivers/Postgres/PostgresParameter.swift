/// One bound value: its type and what is sent.
struct PostgresParameter: Sendable {
    /// The forms in which a value goes to the server.
    enum Form: Sendable {
        case null
        case text(String)
        case binary([UInt8])
    }

    let type: PostgresType
    let form: Form

    /// A value or NULL.
    init<Value: PostgresEncodable>(_ value: Value?) {
        type = Value.postgresType
        if let bytes = value?.postgresBinary {
            form = .binary(bytes)
        } else {
            form = value?.postgresText.map(Form.text) ?? .null
        }
    }
}

/// The parameters of one statement as libpq takes them: their bytes one behind the other.
struct PostgresParameterLayout {
    private var bytes: [UInt8] = []
    private var starts: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    init(_ parameters: [PostgresParameter]) throws(PostgresError) {
        for parameter in parameters {
            let start = bytes.count
            switch parameter.form {
            case .null:
                starts.append(nil)
                formats.append(0)
            case .text(let text):
                guard !text.utf8.contains(0) else { throw .misuse("PostgreSQL can't keep a NUL character") }
                bytes.append(contentsOf: text.utf8)
                bytes.append(0)
                starts.append(start)
                formats.append(0)
            case .binary(let binary):
                bytes.append(contentsOf: binary)
                starts.append(start)
                formats.append(1)
            }
            lengths.append(Int32(bytes.count - start))
        }
    }

    /// Lends the pointers for the length of the call; a length counts for binary values only.
    func withPointers(
        _ call: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>
        ) -> Int32
    ) -> Int32 {
        bytes.withUnsafeBufferPointer { buffer in
            let base = UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
            let values = starts.map { start in start.flatMap { base?.advanced(by: $0) } } + [nil]
            return call(Int32(starts.count), values, lengths + [0], formats + [0])
        }
    }
}

/// An array of short elements of one width in the server's binary form, which it reads far faster than text.
public struct PostgresBinaryArray {
    /// The whole array.
    public private(set) var bytes: [UInt8]
    private let width: Int32

    /// An array of so many elements of a type that takes so many bytes.
    public init(of type: PostgresType, width: Int, count: Int) {
        self.width = Int32(width)
        bytes = []
        bytes.reserveCapacity(20 + count * (4 + width))
        append(Int32(count == 0 ? 0 : 1))
        append(Int32(0))
        append(type.oid)
        guard count > 0 else { return }
        append(Int32(count))
        append(Int32(1))
    }

    /// Adds an element of one number.
    public mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        append(width)
        append(number)
    }

    /// Adds an element of two halves, such as a uuid.
    public mutating func add(_ high: UInt64, _ low: UInt64) {
        append(width)
        append(high)
        append(low)
    }

    /// Adds a text.
    public mutating func add(_ text: String) {
        append(Int32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Adds a bytea.
    public mutating func add(_ blob: [UInt8]) {
        append(Int32(blob.count))
        bytes.append(contentsOf: blob)
    }

    /// Adds a numeric of so many units of 10^-scale, exact.
    public mutating func add(units: Int64, scale: Int) {
        let numeric = PostgresNumeric(units: Int128(units), scale: scale)
        append(Int32(8 + 2 * numeric.digits.count))
        append(Int16(numeric.digits.count))
        append(numeric.weight)
        append(numeric.isNegative ? 0x4000 : 0 as Int16)
        append(Int16(scale))
        for digit in numeric.digits { append(digit) }
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
