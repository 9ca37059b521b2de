import Hummingbird

/// A refusal in NetSuite's form (`o:errorDetails`).
struct NetSuiteFault: Error, Equatable {
    let status: Int
    let code: String
    let detail: String
    /// The property that is wrong, as a JSON path.
    var path: String?

    static func content(_ detail: String, path: String? = nil) -> NetSuiteFault {
        NetSuiteFault(status: 400, code: "INVALID_CONTENT", detail: detail, path: path)
    }

    static func user(_ detail: String, path: String? = nil) -> NetSuiteFault {
        NetSuiteFault(status: 400, code: "USER_ERROR", detail: detail, path: path)
    }

    static func login(_ detail: String) -> NetSuiteFault {
        NetSuiteFault(status: 401, code: "INVALID_LOGIN", detail: detail)
    }

    static func absent(_ type: String, _ id: String) -> NetSuiteFault {
        NetSuiteFault(
            status: 404, code: "NONEXISTENT_ID",
            detail: "The record instance does not exist. Provide a valid record instance ID. (\(type) \(id))")
    }

    /// The fault that stands for a status the sandbox was told to give.
    static func ordered(status: Int) -> NetSuiteFault {
        switch status {
        case 429:
            NetSuiteFault(
                status: 429, code: "CONCURRENCY_LIMIT_EXCEEDED",
                detail: "Concurrent request limit exceeded. Request blocked.")
        default:
            NetSuiteFault(
                status: status, code: "UNEXPECTED_ERROR", detail: "An unexpected error occurred. Error ID: sandbox")
        }
    }

    var answer: Response {
        let status = HTTPResponse.Status(code: status)
        var error: JSONObject = ["detail": .string(detail)]
        if let path { error["o:errorPath"] = .string(path) }
        error["o:errorCode"] = .string(code)
        return Response(
            status: status,
            json: .object([
                "type": .string("https://www.rfc-editor.org/rfc/rfc9110.html#section-15"),
                "title": .string(status.reasonPhrase),
                "status": .number(String(status.code)),
                "o:errorDetails": .array([.object(error)]),
            ]))
    }
}
