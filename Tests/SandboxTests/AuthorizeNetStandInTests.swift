import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Sandbox

@Suite("The stand-in of Authorize.Net")
struct AuthorizeNetStandInTests {
    /// The stand-in with one customer and one card, and bodies to send to it.
    private struct Account: Sendable {
        let server: SandboxServer
        let baseURL: String
        let http = HTTPClient()

        func send(
            _ body: String, contentType: String = "application/json", path: String = AuthorizeNetStandIn.path,
            method: HTTPClientRequest.Method = .post
        ) async throws -> HTTPClientResponse {
            try await http.send(
                HTTPClientRequest(
                    method, baseURL + path, headers: [HTTPField("Content-Type", contentType)], body: Array(body.utf8),
                    connectTimeout: .seconds(2), totalTimeout: .seconds(5)))
        }

        /// The answer's document, behind its byte order mark.
        func ask(_ body: String, contentType: String = "application/json") async throws -> JSONValue {
            let answer = try await send(body, contentType: contentType)
            try #require(answer.status == 200)
            try #require(answer.body.starts(with: [0xEF, 0xBB, 0xBF]))
            return try JSONValue(parsing: answer.body.dropFirst(3))
        }

        /// The first message's code.
        func code(_ body: String, contentType: String = "application/json") async throws -> String? {
            try await ask(body, contentType: contentType).code
        }
    }

    private static let login = #""merchantAuthentication":{"name":"sandbox-login","transactionKey":"sandbox-anet-key"}"#
    private static let window =
        #","transactionSettings":{"setting":[{"settingName":"duplicateWindow","settingValue":"600"}]}"#

    private static func charge(
        _ reference: String = "PI1", amount: String = "20.00", customer: String = "900000001",
        card: String = "910000001", settings: String = window
    ) -> String {
        """
        {"createTransactionRequest":{\(login),"refId":"\(reference)","transactionRequest":\
        {"transactionType":"authCaptureTransaction","amount":"\(amount)","profile":{"customerProfileId":"\(customer)",\
        "paymentProfile":{"paymentProfileId":"\(card)"}},"order":{"invoiceNumber":"\(reference)",\
        "description":"x"}\(settings)}}}
        """
    }

    private func with(_ body: @escaping @Sendable (Account) async throws -> Void) async throws {
        let server = SandboxServer()
        try await server.withRunning { baseURL in
            let account = Account(server: server, baseURL: baseURL)
            let customer = try await account.ask(
                #"{"createCustomerProfileRequest":{\#(Self.login),"profile":{"merchantCustomerId":"BAN001"}}}"#)
            #expect(customer["customerProfileId"] == .string("900000001"))
            let card = try await account.ask(
                """
                {"createCustomerPaymentProfileRequest":{\(Self.login),"customerProfileId":"900000001",\
                "paymentProfile":{"payment":{"opaqueData":{"dataDescriptor":"COMMON.ACCEPT.INAPP.PAYMENT",\
                "dataValue":"n-1111"}}}}}
                """)
            #expect(card["customerPaymentProfileId"] == .string("910000001"))
            try await body(account)
        }
    }

    @Test("its table of members is the ordered schema: names, order, what is required, lengths")
    func table() throws {
        let facts = try AuthorizeNetFacts.load()
        #expect(AuthorizeNetSchema.requests.keys.sorted() == facts.requestNames)
        var groups = 0
        func compare(
            _ shapes: [AuthorizeNetShape.Member], _ members: [AuthorizeNetFacts.Member], _ path: String
        ) throws {
            groups += 1
            #expect(shapes.map(\.name) == members.map(\.name), "\(path)")
            #expect(shapes.map(\.isRequired) == members.map(\.required), "\(path)")
            for (shape, member) in zip(shapes, members) {
                let inner = "\(path).\(member.name)"
                switch shape.shape {
                case .group(let shapes), .list(.group(let shapes)):
                    try compare(shapes, try facts.members(ofType: try #require(member.type, "\(inner)")), inner)
                case .text(let least, let most):
                    #expect(most == member.maxLength, "\(inner)")
                    #expect(least == member.minLength ?? 0, "\(inner)")
                case .anything, .digits, .amount, .flag, .number, .choice, .list: break
                }
            }
        }
        for (name, shapes) in AuthorizeNetSchema.requests {
            try compare(shapes, try facts.members(ofRequest: name), name)
        }
        #expect(groups > 25)
    }

    @Test("members in the wrong order are refused at every level, and nothing is charged")
    func order() async throws {
        try await with { account async throws in
            let swaps = [
                (#""refId":"PI1","#, ""),
                (#""amount":"20.00","#, ""),
                (#"{"invoiceNumber":"PI1","description":"x"}"#, #"{"description":"x","invoiceNumber":"PI1"}"#),
                (
                    #"{"name":"sandbox-login","transactionKey":"sandbox-anet-key"}"#,
                    #"{"transactionKey":"sandbox-anet-key","name":"sandbox-login"}"#
                ),
                (
                    #"{"settingName":"duplicateWindow","settingValue":"600"}"#,
                    #"{"settingValue":"600","settingName":"duplicateWindow"}"#
                ),
            ]
            for (original, swapped) in swaps {
                let body = Self.charge()
                // What is taken out comes back at the end of its group, where it does not belong.
                let moved =
                    swapped.isEmpty ? Self.movedBack(original, in: body) : body.replacing(original, with: swapped)
                #expect(moved != body)
                #expect(try await account.code(moved) == "E00003", "\(moved)")
            }
            let held = try await account.send("", path: "/_control/authorize-net/transactions", method: .get).json()
            #expect(held.elements == [])
            #expect(try await account.code(Self.charge()) == "I00001")
        }
    }

    /// A body whose member stands last in its group instead.
    private static func movedBack(_ member: String, in body: String) -> String {
        let rest = body.replacing(member, with: "")
        let end = member.hasPrefix(#""refId""#) ? "}}" : "}}}"
        return String(rest.dropLast(end.count)) + "," + member.dropLast() + end
    }

    @Test(
        "what the schema does not take is refused",
        arguments: [
            (#""refId":"PI1""#, #""refId":"PI1234567890123456789""#),
            (#""invoiceNumber":"PI1""#, #""invoiceNumber":"PI1234567890123456789""#),
            (#""invoiceNumber":"PI1","#, #""invoiceNumber":"PI1","invoiceNumber":"PI1","#),
            (#""customerProfileId":"900000001""#, #""customerProfileId":"9e8""#), (#""20.00""#, #""20.001""#),
            (#""transactionType":"authCaptureTransaction","#, ""), (#""description":"x""#, #""note":"x""#),
            (#""transactionKey":"sandbox-anet-key""#, #""transactionKey":"sandbox-anet-key-""#),
            ("{\"createTransactionRequest", "[\"createTransactionRequest"),
        ])
    func refused(original: String, wrong: String) async throws {
        try await with { account async throws in
            let body = Self.charge().replacing(original, with: wrong)
            #expect(body != Self.charge())
            #expect(try await account.code(body) == "E00003", "\(body)")
        }
    }

    @Test("it wants JSON, a request it knows, and the account's login")
    func door() async throws {
        try await with { account async throws in
            #expect(try await account.code(Self.charge(), contentType: "text/plain") == "E00002")
            #expect(try await account.code(#"{"payRequest":{}}"#) == "E00004")
            for wrong in ["sandbox-login", "sandbox-anet-key"] {
                #expect(try await account.code(Self.charge().replacing(wrong, with: "wrong")) == "E00007")
            }
            let card =
                #""payment":{"creditCard":{"cardNumber":"4111111111111111","expirationDate":"2030-12"}},"profile""#
            #expect(try await account.code(Self.charge().replacing(#""profile""#, with: card)) == "E00013")
            #expect(try await account.code(Self.charge(card: "910000002")) == "E00040")
        }
    }

    @Test("ids are texts, and the answer carries the request's own name for itself")
    func answer() async throws {
        try await with { account async throws in
            let answer = try await account.ask(Self.charge())
            #expect(answer["refId"] == .string("PI1"))
            #expect(answer["messages"]?["resultCode"] == .string("Ok"))
            #expect(answer["transactionResponse"]?["responseCode"] == .string("1"))
            #expect(answer["transactionResponse"]?["transId"] == .string("60020981676"))
            #expect(answer["transactionResponse"]?["accountNumber"] == .string("XXXX1111"))
        }
    }

    @Test("the same inside the window is error 11 with the first one's id; anything else, or later, is a new charge")
    func duplicates() async throws {
        try await with { account async throws in
            func charge(_ body: String) async throws -> (code: String?, error: String?, id: String?) {
                let response = try await account.ask(body)["transactionResponse"]
                return (
                    response?["responseCode"]?.string, response?["errors"]?.elements?.first?["errorCode"]?.string,
                    response?["transId"]?.string
                )
            }
            #expect(try await charge(Self.charge()) == ("1", nil, "60020981676"))
            #expect(try await charge(Self.charge()) == ("3", "11", "60020981676"))
            // Another description is the same charge; another reference or amount is not.
            let described = Self.charge().replacing(#""description":"x""#, with: #""description":"y""#)
            #expect(try await charge(described) == ("3", "11", "60020981676"))
            #expect(try await charge(Self.charge("PI2")) == ("1", nil, "60020981677"))
            #expect(try await charge(Self.charge(amount: "20.01")) == ("1", nil, "60020981678"))
            // Without a window of its own: two minutes, and no ids.
            #expect(try await charge(Self.charge(settings: "")) == ("3", "11", "0"))

            let clock = "/_control/authorize-net/clock"
            _ = try await account.send(#"{"seconds":121}"#, path: clock)
            #expect(try await charge(Self.charge()) == ("3", "11", "60020981676"))
            #expect(try await charge(Self.charge("PI2", settings: "")) == ("1", nil, "60020981679"))
            _ = try await account.send(#"{"seconds":480}"#, path: clock)
            #expect(try await charge(Self.charge()) == ("1", nil, "60020981680"))
        }
    }

    @Test("what is settled leaves the list of the unsettled for a batch; an empty list says so")
    func lists() async throws {
        try await with { account async throws in
            let unsettled =
                #"{"getUnsettledTransactionListRequest":{\#(Self.login),"paging":{"limit":"1","offset":"2"}}}"#
            #expect(try await account.code(unsettled) == "I00004")
            for reference in ["PI1", "PI2", "PI3"] { _ = try await account.ask(Self.charge(reference)) }
            let second = try await account.ask(unsettled)
            #expect(second["totalNumInResultSet"] == .number("3"))
            #expect(second["transactions"]?.elements?.map { $0["invoiceNumber"]?.string } == ["PI2"])
            _ = try await account.send("", path: "/_control/authorize-net/settle")
            #expect(try await account.code(unsettled) == "I00004")
            let batches = try await account.ask(#"{"getSettledBatchListRequest":{\#(Self.login)}}"#)
            #expect(batches["batchList"]?.elements?.map { $0["batchId"]?.string } == ["10000001"])
            let batch = try await account.ask(
                #"{"getTransactionListRequest":{\#(Self.login),"batchId":"10000001"}}"#)
            #expect(batch["transactions"]?.elements?.count == 3)
        }
    }

    @Test("a fault can be ordered for one kind of request by what its body contains")
    func faultByBody() async throws {
        try await with { account async throws in
            let order = #"{"service":"authorize-net","kind":"5xx","count":1,"body":"getSettledBatchListRequest"}"#
            #expect(try await account.send(order, path: "/_control/faults").status == 204)
            let batches = #"{"getSettledBatchListRequest":{\#(Self.login)}}"#
            #expect(try await account.send(Self.charge()).status == 200)
            let failed = try await account.send(batches)
            #expect(failed.status == 503)
            #expect(failed.header("Content-Type") == "text/html")
            #expect(try await account.send(batches).status == 200)
            // What the log keeps of a body has no key in it.
            let bodies = account.server.traffic.requests(of: "authorize-net").map(\.body)
            #expect(bodies.contains { $0.contains("createTransactionRequest") })
            #expect(!bodies.contains { $0.contains("sandbox-anet-key") })
        }
    }

    @Test("credentials are read from a directory, and keep their defaults where it has none")
    func credentials() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "anet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        try "0123456789abcdef\n".write(
            to: directory.appending(path: "authorize-net-transaction-key"), atomically: true, encoding: .utf8)
        let merchant = try AuthorizeNetMerchant(directory: directory)
        #expect(merchant.transactionKey == "0123456789abcdef")
        #expect(merchant.login == "sandbox-login")
    }
}

extension JSONValue {
    /// The code of an answer's first message.
    fileprivate var code: String? {
        self["messages"]?["message"]?.elements?.first?["code"]?.string
    }
}
