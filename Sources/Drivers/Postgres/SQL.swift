/// SQL text whose interpolations become bound parameters: `"… WHERE id = \(id)"` is `… WHERE id = $1`.
///
/// The text is the same for every value, so a connection prepares it once.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// The statement with `$1`, `$2`, ….
    public private(set) var text: String
    private(set) var parameters: [PostgresParameter]

    public init(stringLiteral text: String) {
        self.text = text
        parameters = []
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        parameters = stringInterpolation.parameters
    }

    /// Text taken as it is, for statements that come from our own files. Never text from outside.
    public init(verbatim text: String) {
        self.text = text
        parameters = []
    }

    /// Collects text and parameters.
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var text = ""
        var parameters: [PostgresParameter] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 3)
            parameters.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// Binds a value.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            parameters.append(PostgresParameter(value))
            text += "$\(parameters.count)"
        }

        /// Binds a value or NULL. Beside the one above so that the compiler does not take an optional for a mistake.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parameters.append(PostgresParameter(value))
            text += "$\(parameters.count)"
        }

        /// Puts in a part written elsewhere; its parameters are numbered on.
        public mutating func appendInterpolation(_ part: SQL) {
            text += part.text(numberedFrom: parameters.count)
            parameters += part.parameters
        }

        /// Puts in a name, quoted: `schema.table` or `column`. Each part must be of ASCII letters, digits and `_`,
        /// at most 63 bytes; anything else is a bug and traps.
        public mutating func appendInterpolation(identifier: String) {
            guard let quoted = PostgresText.quoted(identifier: identifier) else {
                preconditionFailure("not an identifier: \(identifier)")
            }
            text += quoted
        }
    }

    /// The text with every `$n` raised by `offset`. Dollars in our own literals don't occur: parts come from interpolation.
    private func text(numberedFrom offset: Int) -> String {
        guard offset > 0, !parameters.isEmpty else { return text }
        var renumbered = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            renumbered += rest[...dollar]
            rest = rest[rest.index(after: dollar)...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits) { renumbered += String(number + offset) }
            rest = rest[digits.endIndex...]
        }
        return renumbered + rest
    }
}
