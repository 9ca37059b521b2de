/// A refusal in Authorize.Net's form (`messages`).
struct AuthorizeNetFault: Error {
    let code: String
    let text: String
    /// Members that stand before `messages`.
    var members: JSONObject = [:]

    /// The body, read as XML, does not follow the schema.
    static func schema(_ text: String) -> AuthorizeNetFault {
        AuthorizeNetFault(code: "E00003", text: text)
    }

    static func invalid(_ field: String) -> AuthorizeNetFault {
        AuthorizeNetFault(code: "E00013", text: "\(field) is invalid.")
    }

    static let credentials = AuthorizeNetFault(
        code: "E00007", text: "User authentication failed due to invalid authentication values.")
    static let contentType = AuthorizeNetFault(code: "E00002", text: "The content-type specified is not supported.")
    static let absent = AuthorizeNetFault(code: "E00040", text: "The record cannot be found.")

    static func duplicate(_ id: String, _ members: JSONObject) -> AuthorizeNetFault {
        AuthorizeNetFault(
            code: "E00039", text: "A duplicate record with ID \(id) already exists.", members: members)
    }
}

extension JSONObject {
    /// The end of each answer: the request's name for itself, and the messages.
    func answering(_ reference: String?, isOk: Bool, code: String, text: String) -> JSONValue {
        var answer = self
        if let reference { answer["refId"] = .string(reference) }
        answer["messages"] = .object([
            "resultCode": .string(isOk ? "Ok" : "Error"),
            "message": .array([.object(["code": .string(code), "text": .string(text)])]),
        ])
        return .object(answer)
    }
}
