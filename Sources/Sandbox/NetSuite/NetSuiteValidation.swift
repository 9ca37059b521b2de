/// The checks NetSuite makes on a body before it writes anything.
struct NetSuiteValidation {
    let type: NetSuiteRecordType
    /// `X-NetSuite-PropertyNameValidation: Error`; without it an unknown name is dropped in silence.
    let refusesUnknownNames: Bool

    /// The body's fields that the record type knows.
    func fields(of body: JSONValue) throws(NetSuiteFault) -> JSONObject {
        guard let object = body.object else { throw .content("The request body is not a JSON object.") }
        var fields = JSONObject()
        for (name, value) in object.members {
            if let sublist = type.sublists[name] {
                fields[name] = .object(["items": .array(try lines(value, of: sublist, name))])
            } else if try check(name, value, type.fields, type.customPrefix, path: name) {
                fields[name] = value
            }
        }
        return fields
    }

    private func lines(
        _ value: JSONValue, of sublist: NetSuiteSublist, _ name: String
    ) throws(NetSuiteFault) -> [JSONValue] {
        guard let elements = value["items"]?.elements else {
            throw .content("Invalid content in the request body: sublist \(name) has no items.", path: name)
        }
        var lines: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            let path = "\(name).items[\(index)]"
            guard let object = element.object else { throw .content("A line must be an object.", path: path) }
            var line = JSONObject()
            for (field, value) in object.members
            where try check(field, value, sublist.fields, "custcol", path: "\(path).\(field)") {
                line[field] = value
            }
            lines.append(.object(line))
        }
        return lines
    }

    /// Whether the field is known; throws where its value is wrong, or where unknown names are refused.
    private func check(
        _ name: String, _ value: JSONValue, _ fields: [String: NetSuiteField], _ customPrefix: String, path: String
    ) throws(NetSuiteFault) -> Bool {
        if name.hasPrefix(customPrefix) { return true }
        guard let field = fields[name] else {
            guard refusesUnknownNames else { return false }
            throw .content("Unknown property name: \(name).", path: path)
        }
        if value == .null { return true }
        guard field.accepts(value) else {
            throw .content("Invalid value for \(name): \(value.encoded.prefix(80)).", path: path)
        }
        return true
    }

    /// An external id is letters, digits, `_` and `-`.
    static func externalID(_ text: String) throws(NetSuiteFault) -> String {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard allowed, !text.isEmpty else { throw .content("Invalid external id: \(text).", path: "externalId") }
        return text
    }
}

extension NetSuiteField {
    fileprivate func accepts(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.text, .string), (.number, .number), (.flag, .bool), (.address, .object): true
        case (.choice, .string), (.choice, .object), (.choice, .bool): true
        case (.integer, .number): value.integer != nil
        case (.money, .number(let digits)): Cents.parse(digits) != nil
        case (.date, .string(let text)): Self.isDate(text)
        case (.reference, .object(let fields)):
            (value["id"]?.string != nil || value["externalId"]?.string != nil)
                && Set(fields.map(\.name)).isSubset(of: ["id", "externalId", "refName", "links"])
        case (.text, _), (.number, _), (.flag, _), (.address, _), (.choice, _), (.integer, _), (.money, _), (.date, _),
            (.reference, _):
            false
        }
    }

    /// `YYYY-MM-DD`.
    private static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2] else { return false }
        guard let month = UInt8(parts[1]), let day = UInt8(parts[2]), UInt16(parts[0]) != nil else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }
}
