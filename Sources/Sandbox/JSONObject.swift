import Core

/// JSON documents are Core's here: numbers keep their text, so that an amount is compared digit by digit.
typealias JSONValue = Core.JSONValue

/// The members of an object that is built or changed: in the order they were set, each name once.
struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var members: [(name: String, value: JSONValue)] = []

    init() {}

    init(_ fields: [JSONValue.Field]) {
        members = fields.map { ($0.name, $0.value) }
    }

    init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            guard let newValue else { return members.removeAll { $0.name == name } }
            if let index = members.firstIndex(where: { $0.name == name }) {
                members[index].value = newValue
            } else {
                members.append((name, newValue))
            }
        }
    }

    var names: [String] { members.map(\.name) }
}

extension JSONValue {
    static func object(_ object: JSONObject) -> JSONValue {
        .object(object.members.map { Field(name: $0.name, value: $0.value) })
    }

    /// An object's members, to be changed.
    var object: JSONObject? { fields.map { JSONObject($0) } }

    /// Compact JSON text, numbers as they came.
    var encoded: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
