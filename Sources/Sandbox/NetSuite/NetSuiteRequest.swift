import Core
import Foundation
import HTTPTypes
import Hummingbird

/// A request that was let in, with its body.
struct NetSuiteRequest {
    let head: Request
    let body: [UInt8]

    func json() throws(NetSuiteFault) -> JSONValue {
        let type = head.headers[.contentType] ?? ""
        guard type.hasPrefix("application/json") || type.hasPrefix("application/vnd.oracle.resource+json") else {
            throw NetSuiteFault(status: 415, code: "INVALID_HEADER", detail: "Unsupported content type: \(type)")
        }
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw .content("Invalid JSON at byte \(error.offset): \(error.message).")
        }
    }
}

extension Request {
    /// The address that the client used, without a path.
    var baseURL: String { "http://\(head.authority ?? "localhost")" }
}

extension HTTPField.Name {
    static let propertyNameValidation = Self("X-NetSuite-PropertyNameValidation")!
    static let prefer = Self("Prefer")!
}
