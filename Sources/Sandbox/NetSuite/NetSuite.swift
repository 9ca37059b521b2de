import Core
import Foundation
import Hummingbird

/// NetSuite's REST record API and SuiteQL, as far as billing uses them: records, `eid:` keys, tokens, slots.
struct NetSuite: OutsideService {
    let name = "netsuite"
    let account: NetSuiteAccount
    let records = NetSuiteRecords()
    private let door: NetSuiteLogin

    var concurrentRequests: Int? { account.concurrentRequests }

    init(account: NetSuiteAccount) {
        self.account = account
        door = NetSuiteLogin(account: account)
    }

    func errorAnswer(status: HTTPResponse.Status) -> Response {
        NetSuiteFault.ordered(status: status.code).answer
    }

    func addRoutes(to router: RouterGroup<SandboxContext>) {
        router.post("/services/rest/auth/oauth2/v1/token") { request, _ in
            var request = request
            return await door.token(for: try await request.bodyBytes(), request)
        }
        let record = "/services/rest/record/v1"
        router.post("\(record)/:type") { request, context in
            try await answer(request) { request throws(NetSuiteFault) in
                let type = try recordType(context)
                let id = try await records.create(type, try fields(of: request, type))
                return location(type, id, request)
            }
        }
        router.put("\(record)/:type/:key") { request, context in
            try await answer(request) { request throws(NetSuiteFault) in
                let (type, key) = (try recordType(context), try key(context))
                guard key.hasPrefix("eid:") else {
                    throw NetSuiteFault(status: 405, code: "INVALID_METHOD", detail: "PUT needs an eid: key.")
                }
                let id = try await records.upsert(
                    type, externalID: String(key.dropFirst(4)), try fields(of: request, type),
                    replacing: replaced(request))
                return location(type, id, request)
            }
        }
        router.patch("\(record)/:type/:key") { request, context in
            try await answer(request) { request throws(NetSuiteFault) in
                let type = try recordType(context)
                let id = try await records.update(
                    type, try key(context), try fields(of: request, type), replacing: replaced(request))
                return location(type, id, request)
            }
        }
        router.get("\(record)/:type/:key") { request, context in
            try await answer(request) { request throws(NetSuiteFault) in
                let type = try recordType(context)
                let found = try await records.find(type, try key(context))
                let expanded = request.head.uri.queryParameters["expandSubResources"] == "true"
                return Response(
                    json: await records.document(found, type, expanded: expanded, base: request.head.baseURL))
            }
        }
        router.post("/services/rest/query/v1/suiteql") { request, _ in
            try await answer(request) { request throws(NetSuiteFault) in
                try await SuiteQL(request).answer(from: records)
            }
        }
    }

    func addControls(to router: RouterGroup<SandboxContext>) {
        for (path, type) in [
            ("invoices", NetSuiteRecordType.invoice), ("credit-memos", .creditMemo), ("customers", .customer),
            ("payments", .customerPayment), ("vendor-bills", .vendorBill),
        ] {
            router.get("\(path)") { request, _ in
                var documents: [JSONValue] = []
                for record in await records.all(type) {
                    documents.append(
                        await records.document(record, type, expanded: true, base: request.baseURL))
                }
                return Response(json: .array(documents))
            }
        }
        router.put("items") { request, _ in
            var request = request
            let names = try JSONValue(parsing: try await request.bodyBytes()).elements?.compactMap(\.string)
            await records.setItems(names.map { Set($0) })
            return Response(status: .noContent)
        }
        router.post("expire-tokens") { _, _ in
            await door.expireTokens()
            return Response(status: .noContent)
        }
    }

    /// Lets a request in, runs it, and turns a refusal into NetSuite's own form.
    private func answer(
        _ request: Request, _ work: (NetSuiteRequest) async throws(NetSuiteFault) -> Response
    ) async throws -> Response {
        var request = request
        let body = try await request.bodyBytes()
        do {
            try await door.admit(request)
            return try await work(NetSuiteRequest(head: request, body: body))
        } catch {
            return error.answer
        }
    }

    private func recordType(_ context: SandboxContext) throws(NetSuiteFault) -> NetSuiteRecordType {
        let name = context.parameters.get("type") ?? ""
        guard let type = NetSuiteRecordType.named(name) else {
            throw NetSuiteFault(status: 404, code: "INVALID_RECORD_TYPE", detail: "Record type \(name) does not exist.")
        }
        return type
    }

    private func key(_ context: SandboxContext) throws(NetSuiteFault) -> String {
        guard let key = context.parameters.get("key") else { throw .content("The URL names no record.") }
        return key.removingPercentEncoding ?? key
    }

    private func fields(of request: NetSuiteRequest, _ type: NetSuiteRecordType) throws(NetSuiteFault) -> JSONObject {
        let strict = request.head.headers[.propertyNameValidation]?.lowercased() == "error"
        return try NetSuiteValidation(type: type, refusesUnknownNames: strict).fields(of: try request.json())
    }

    /// Sublists named by `?replace=item`.
    private func replaced(_ request: NetSuiteRequest) -> Set<String> {
        let names = request.head.uri.queryParameters["replace"] ?? ""
        return Set(names.split(separator: ",").map(String.init))
    }

    private func location(_ type: NetSuiteRecordType, _ id: Int, _ request: NetSuiteRequest) -> Response {
        let url = "\(request.head.baseURL)/services/rest/record/v1/\(type.name)/\(id)"
        return Response(status: .noContent, headers: [.location: url])
    }
}
