import Core
import DaemonKit
import Drivers

/// NetSuite's record API: request, answer, errors; no decisions.
struct NetSuite: Sendable {
    let baseURL: String
    let login: NetSuiteLogin
    let client: HTTPClient
    let timeout: Duration
    /// Internal ids of payment terms: `NET_30` → `2`.
    let terms: [String: String]

    /// A record as NetSuite has it.
    struct Record: Hashable, Sendable {
        let id: String
        let total: Money
    }

    /// Makes the customer, or brings its name up to date. May be done any number of times.
    func putCustomer(ban: String, name: String) async throws(NetSuiteError) {
        var body = JSONWriter()
        body.object { body in
            body.field("entityId", ban)
            body.field("companyName", name)
        }
        _ = try await send(.put, "customer/eid:\(NetSuite.externalID(ban))", body: body.bytes, expecting: 204)
    }

    /// Makes an invoice or a credit memo and returns its id.
    func post(_ invoice: NetSuiteInvoice) async throws(NetSuiteError) -> String {
        let answer = try await send(.post, invoice.kind.rawValue, body: body(of: invoice), expecting: 204)
        guard let id = answer.header("Location")?.split(separator: "/").last else {
            throw .inDoubt("the answer names no record")
        }
        return String(id)
    }

    /// What NetSuite has under a document's external id; nil where it has nothing.
    func find(_ invoice: NetSuiteInvoice) async throws(NetSuiteError) -> Record? {
        let answer: HTTPClientResponse
        do throws(NetSuiteError) {
            answer = try await send(
                .get, "\(invoice.kind.rawValue)/eid:\(invoice.externalID)?expandSubResources=true", expecting: 200)
        } catch .refused(404, _) {
            return nil
        }
        do {
            let document = try Core.JSONValue(parsing: answer.body)
            if let id = document["id"]?.string, case .number(let total)? = document["total"] {
                return Record(id: id, total: try Money(parsing: total))
            }
        } catch {
            throw .inDoubt("the answer cannot be read: \(error)")
        }
        throw .inDoubt("the answer names no id or total")
    }

    /// A BAN as an external id: letters, digits, `_` and `-`; another character is written as `_` and its code.
    static func externalID(_ ban: String) -> String {
        ban.unicodeScalars.map { scalar in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || scalar == "-" ? String(scalar) : "_\(String(scalar.value, radix: 16))"
        }.joined()
    }

    private func body(of invoice: NetSuiteInvoice) -> [UInt8] {
        var body = JSONWriter()
        body.object { body in
            body.field("externalId", invoice.externalID)
            body.key("entity")
            body.object { $0.field("externalId", invoice.entityID) }
            body.field("tranDate", invoice.date)
            // A credit memo is not due.
            if invoice.kind == .invoice {
                body.field("dueDate", invoice.dueDate)
                if let id = terms[invoice.terms] {
                    body.key("terms")
                    body.object { $0.field("id", id) }
                }
            }
            body.field("memo", invoice.memo)
            body.key("item")
            body.object { body in
                body.key("items")
                body.array { body in
                    for line in invoice.lines { NetSuite.write(line, to: &body) }
                }
            }
        }
        return body.bytes
    }

    /// Quantity 1 and the amount as rate: NetSuite is given nothing to multiply.
    private static func write(_ line: NetSuiteInvoice.Line, to body: inout JSONWriter) {
        body.object { body in
            body.key("item")
            body.object { $0.field("externalId", line.item) }
            body.field("quantity", 1)
            body.key("rate")
            body.raw(line.amount.utf8)
            body.key("amount")
            body.raw(line.amount.utf8)
            body.field("description", line.description)
        }
    }

    /// Sends with an access token; one that was refused is renewed once.
    private func send(
        _ method: HTTPClientRequest.Method, _ path: String, body: [UInt8] = [], expecting status: Int
    ) async throws(NetSuiteError) -> HTTPClientResponse {
        let answer = try await send(method, path, body: body, token: try await login.token())
        guard answer.status == 401 else { return try checked(answer, status) }
        await login.forget()
        return try checked(try await send(method, path, body: body, token: try await login.token()), status)
    }

    private func send(
        _ method: HTTPClientRequest.Method, _ path: String, body: [UInt8], token: String
    ) async throws(NetSuiteError) -> HTTPClientResponse {
        Watchdog.progressed()
        let request = HTTPClientRequest(
            method, "\(baseURL)/services/rest/record/v1/\(path)",
            headers: [
                HTTPField("Authorization", "Bearer \(token)"), HTTPField("Content-Type", "application/json"),
                HTTPField("X-NetSuite-PropertyNameValidation", "Error"),
                HTTPField("X-NetSuite-PropertyValueValidation", "Error"),
            ],
            body: body, connectTimeout: .seconds(10), totalTimeout: timeout)
        do throws(HTTPClientError) {
            return try await client.send(request)
        } catch {
            throw error.outcomeUnknown ? .inDoubt("\(error)") : .notSent("\(error)")
        }
    }

    private func checked(_ answer: HTTPClientResponse, _ status: Int) throws(NetSuiteError) -> HTTPClientResponse {
        switch answer.status {
        case status: return answer
        // The account is at fault, not the record: a token that is not taken, a role that may not write it.
        case 401, 403: throw .loginRefused("\(answer.status) \(NetSuite.problem(answer.body))")
        case 429: throw .busy(retryAfterSeconds: answer.header("Retry-After").flatMap { Int($0) })
        case 500...: throw .inDoubt("NetSuite answered \(answer.status)")
        default: throw .refused(answer.status, NetSuite.problem(answer.body))
        }
    }

    /// `USER_ERROR: This record already exists`
    private static func problem(_ body: [UInt8]) -> String {
        do throws(Core.JSONValue.ParsingError) {
            let details = try Core.JSONValue(parsing: body)["o:errorDetails"]?.elements?.first
            return "\(details?["o:errorCode"]?.string ?? "no code"): \(details?["detail"]?.string ?? "no detail")"
        } catch {
            return "an answer that is no JSON"
        }
    }
}

/// What NetSuite did not do, or may not have done.
enum NetSuiteError: Failure, Hashable {
    /// Nothing left this machine.
    case notSent(String)
    /// It may have been done: look before doing it again.
    case inDoubt(String)
    /// All slots are taken; nothing was done.
    case busy(retryAfterSeconds: Int?)
    /// It said no to the record.
    case refused(Int, String)
    /// It does not let us in, or not to this kind of record: nothing was done, and a person must see to the account.
    case loginRefused(String)

    var reason: String {
        switch self {
        case .notSent: "netsuite-not-reached"
        case .inDoubt: "netsuite-in-doubt"
        case .busy: "netsuite-busy"
        case .refused(let status, _): "netsuite-refused-\(status)"
        case .loginRefused: "netsuite-login-refused"
        }
    }

    var isTransient: Bool {
        switch self {
        case .notSent, .inDoubt, .busy: true
        case .refused, .loginRefused: false
        }
    }
}
