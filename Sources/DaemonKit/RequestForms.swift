public import Foundation
public import Hummingbird

extension Request {
    /// An integer of the query string; nil where it is absent.
    /// - Throws: 422 that names the parameter, when it is no integer or out of range.
    public func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = uri.queryParameters[Substring(name)] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalid(
                pointer: "/\(name)", reason: "OUT_OF_RANGE",
                detail: "\(name) is an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The customer that an operator or a service asks for: `?customer_id=`.
    /// - Throws: 422 when it is no UUID.
    public func customerAsked() throws(APIError) -> UUID? {
        guard let text = uri.queryParameters["customer_id"] else { return nil }
        guard let customer = UUID(uuidString: String(text)) else {
            throw .invalid(pointer: "/customer_id", reason: "BAD_ID", detail: "customer_id is a UUID")
        }
        return customer
    }

    /// Whether the answer is wanted as CSV: `format=csv`, or, without a `format`, an `Accept` that names `text/csv` and not JSON.
    /// - Throws: 422 for a format that is neither `json` nor `csv`.
    public func wantsCSV() throws(APIError) -> Bool {
        switch uri.queryParameters["format"] {
        case "csv": return true
        case "json": return false
        case nil:
            let types = (headers[.accept] ?? "").split(separator: ",").map { range in
                range.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
            }
            return types.contains("text/csv") && !types.contains("application/json")
        case .some:
            throw .invalid(pointer: "/format", reason: "BAD_FORMAT", detail: "format is json or csv")
        }
    }
}

extension Response {
    /// A JSON answer.
    public static func json(_ bytes: some Sequence<UInt8>, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
