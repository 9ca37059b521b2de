/// What may stand at a place of a request. Requests are turned into XML and checked by a schema whose groups are sequences, so a
/// member in the wrong place is refused like an unknown one.
indirect enum AuthorizeNetShape: Sendable {
    /// In its right place, and not looked into.
    case anything
    case text(atLeast: Int = 0, atMost: Int? = nil)
    /// Digits only.
    case digits
    case amount
    case flag
    case number(ClosedRange<Int>)
    case choice([String])
    case group([Member])
    /// One or more of the same name: an array, or one value.
    case list(AuthorizeNetShape)

    /// A member of a group.
    struct Member: Sendable {
        let name: String
        let isRequired: Bool
        let shape: AuthorizeNetShape

        static func required(_ name: String, _ shape: AuthorizeNetShape) -> Member {
            Member(name: name, isRequired: true, shape: shape)
        }

        static func optional(_ name: String, _ shape: AuthorizeNetShape) -> Member {
            Member(name: name, isRequired: false, shape: shape)
        }
    }

    /// Refuses a value that does not have the shape.
    func check(_ value: JSONValue, _ name: String) throws(AuthorizeNetFault) {
        switch self {
        case .anything: return
        case .list(let shape):
            for element in value.elements ?? [value] { try shape.check(element, name) }
        case .group(let members):
            guard case .object(let fields) = value else { throw Self.incomplete(name, expected: members) }
            try Self.check(fields, members, name)
        case .text, .digits, .amount, .flag, .number, .choice:
            guard let text = value.scalarText, accepts(text) else {
                throw .schema(
                    "The '\(Self.namespace):\(name)' element is invalid - The value '\(value.encoded.prefix(80))' is "
                        + "invalid according to its datatype.")
            }
        }
    }

    private static let namespace = "AnetApi/xml/v1/schema/AnetApiSchema.xsd"

    /// Each member must come after the one before it; a repeated name is therefore refused too.
    private static func check(
        _ fields: [JSONValue.Field], _ members: [Member], _ name: String
    ) throws(AuthorizeNetFault) {
        var rest = members[...]
        for field in fields {
            guard let index = rest.firstIndex(where: { $0.name == field.name }),
                !rest[..<index].contains(where: \.isRequired)
            else {
                throw .schema(
                    "The element '\(name)' in namespace '\(namespace)' has invalid child element '\(field.name)' in "
                        + "namespace '\(namespace)'.")
            }
            try members[index].shape.check(field.value, field.name)
            rest = rest[(index + 1)...]
        }
        guard !rest.contains(where: \.isRequired) else { throw incomplete(name, expected: rest.filter(\.isRequired)) }
    }

    private static func incomplete(_ name: String, expected: [Member]) -> AuthorizeNetFault {
        let names = expected.map(\.name).joined(separator: ", ")
        return .schema(
            "The element '\(name)' in namespace '\(namespace)' has incomplete content. List of possible elements "
                + "expected: '\(names)'.")
    }

    private func accepts(_ text: String) -> Bool {
        switch self {
        case .text(let least, let most):
            let length = text.unicodeScalars.count
            return length >= least && length <= most ?? .max
        case .digits: return !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        case .amount: return Cents.parse(text) != nil
        case .flag: return ["true", "false", "1", "0"].contains(text)
        case .number(let range): return Int(text).map { range.contains($0) } ?? false
        case .choice(let choices): return choices.contains(text)
        case .anything, .group, .list: return true
        }
    }
}

extension JSONValue {
    /// What an element would hold: a text, a number or a truth value.
    var scalarText: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}
