import Hummingbird

/// A refusal in Plaid's form.
struct PlaidFault: Error, Equatable {
    var status = 400
    let type: String
    let code: String
    let message: String

    static func missing(_ field: String) -> PlaidFault {
        PlaidFault(
            type: "INVALID_REQUEST", code: "MISSING_FIELDS",
            message: "the following required fields are missing: \(field)")
    }

    static func unknown(_ field: String) -> PlaidFault {
        PlaidFault(
            type: "INVALID_REQUEST", code: "UNKNOWN_FIELDS",
            message: "the following fields are not recognized by this endpoint: \(field)")
    }

    static func invalid(_ field: String, _ problem: String) -> PlaidFault {
        PlaidFault(type: "INVALID_REQUEST", code: "INVALID_FIELD", message: "\(field) \(problem)")
    }

    static func input(_ code: String, _ message: String) -> PlaidFault {
        PlaidFault(type: "INVALID_INPUT", code: code, message: message)
    }

    static func transfer(_ code: String, _ message: String) -> PlaidFault {
        PlaidFault(type: "TRANSFER_ERROR", code: code, message: message)
    }

    /// The fault that stands for a status the sandbox was told to give.
    static func ordered(status: Int) -> PlaidFault {
        switch status {
        case 429:
            PlaidFault(
                status: 429, type: "RATE_LIMIT_EXCEEDED", code: "RATE_LIMIT",
                message: "rate limit exceeded for attempts to access this endpoint. please try again later.")
        default:
            PlaidFault(
                status: status, type: "API_ERROR", code: "INTERNAL_SERVER_ERROR",
                message: "an unexpected error occurred")
        }
    }

    func answer(requestID: String) -> Response {
        Response(
            status: HTTPResponse.Status(code: status),
            json: .object([
                "error_type": .string(type), "error_code": .string(code), "error_message": .string(message),
                "display_message": .null, "request_id": .string(requestID), "suggested_action": .null,
            ]))
    }
}
