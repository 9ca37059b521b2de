import Drivers
import Foundation
import Testing

@testable import Sandbox

@Suite("NetSuite's stand-in: records")
struct NetSuiteRecordTests {
    private static let records = "/services/rest/record/v1"
    private static let customer = #"{"entityId":"BAN001","companyName":"Acme Voice"}"#
    private static let invoice = """
        {"externalId":"INV-1","entity":{"externalId":"BAN001"},"tranDate":"2026-11-30","item":{"items":[\
        {"item":{"externalId":"SKU001"},"quantity":1,"rate":125.43,"amount":125.43},\
        {"item":{"externalId":"TAX-FUSF"},"quantity":1,"rate":9.12,"amount":9.12}]}}
        """

    /// A signed-in client in an account that has the customer BAN001.
    private func withCustomer(
        _ body: @Sendable (NetSuiteClient, [HTTPField]) async throws -> Void
    ) async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let headers = try await client.signIn()
            let made = try await client.send(
                .put, "\(Self.records)/customer/eid:BAN001", Self.customer, headers: headers)
            #expect(made.status == 204, "\(made.text)")
            try await body(client, headers)
        }
    }

    private static func lineCount(_ client: NetSuiteClient, _ headers: [HTTPField]) async throws -> Int? {
        let answer = try await client.send(
            .get, "\(records)/invoice/eid:INV-1?expandSubResources=true", headers: headers)
        return try answer.json()["item"]?["items"]?.elements?.count
    }

    @Test("an invoice is made by POST, found by its external id, and its total is the sum of its lines")
    func invoiceRoundTrip() async throws {
        try await withCustomer { client, headers in
            let made = try await client.send(.post, "\(Self.records)/invoice", Self.invoice, headers: headers)
            #expect(made.status == 204)
            #expect(made.body.isEmpty)
            let location = try #require(made.header("Location"))
            let id = try #require(location.split(separator: "/").last)
            #expect(location == "\(client.baseURL)\(Self.records)/invoice/\(id)")

            let found = try await client.send(
                .get, "\(Self.records)/invoice/eid:INV-1?expandSubResources=true", headers: headers
            ).json()
            #expect(found["id"] == .string(String(id)))
            #expect(found["total"] == .number("134.55"))
            #expect(found["amountRemaining"] == .number("134.55"))
            #expect(found["item"]?["items"]?.elements?.count == 2)
            let plain = try await client.send(.get, "\(Self.records)/invoice/\(id)", headers: headers).json()
            #expect(plain["item"]?["items"] == nil)
        }
    }

    @Test("a second POST with the same external id fails and makes nothing")
    func externalIDIsUnique() async throws {
        try await withCustomer { client, headers in
            _ = try await client.send(.post, "\(Self.records)/invoice", Self.invoice, headers: headers)
            let again = try await client.send(.post, "\(Self.records)/invoice", Self.invoice, headers: headers)
            #expect(again.status == 400)
            #expect(try await client.send(.get, "/_control/netsuite/invoices").json().elements?.count == 1)
        }
    }

    @Test("the trap: a repeated PUT doubles the lines, unless it replaces them")
    func lineDoubling() async throws {
        try await withCustomer { client, headers in
            for _ in 1...2 {
                _ = try await client.send(
                    .put, "\(Self.records)/invoice/eid:INV-1", Self.invoice, headers: headers)
            }
            #expect(try await Self.lineCount(client, headers) == 4)
            _ = try await client.send(
                .put, "\(Self.records)/invoice/eid:INV-1?replace=item", Self.invoice, headers: headers)
            #expect(try await Self.lineCount(client, headers) == 2)
            _ = try await client.send(
                .patch, "\(Self.records)/invoice/eid:INV-1",
                #"{"item":{"items":[{"line":2,"amount":10.00},{"item":{"id":"7"},"amount":1.00}]}}"#, headers: headers)
            #expect(try await Self.lineCount(client, headers) == 3)
        }
    }

    @Test("an unknown property is refused when the header asks for it, and dropped in silence otherwise")
    func unknownProperty() async throws {
        try await withCustomer { client, headers in
            let body = Self.invoice.replacing(#""tranDate""#, with: #""trandate":"x","tranDate""#)
            let strict = try await client.send(.post, "\(Self.records)/invoice", body, headers: headers)
            #expect(strict.status == 400)
            #expect(try strict.json()["o:errorDetails"]?.elements?.first?["o:errorPath"] == .string("trandate"))
            let lax = headers.filter { $0.name != "X-NetSuite-PropertyNameValidation" }
            #expect(try await client.send(.post, "\(Self.records)/invoice", body, headers: lax).status == 204)
        }
    }

    @Test(
        "a body that NetSuite would not take is refused",
        arguments: [
            (#""BAN001""#, #""BAN999""#), (#""2026-11-30""#, #""30.11.2026""#), ("125.43}", "125.431}"),
            (#""INV-1""#, #""INV 1""#), ("125.43}", #""125.43"}"#), (#"{"externalId":"BAN001"}"#, #""BAN001""#),
            (#""item":{"externalId":"SKU001"},"#, ""), ("}]}}", "}]}"),
        ])
    func refusedBodies(original: String, wrong: String) async throws {
        try await withCustomer { client, headers in
            let body = Self.invoice.replacing(original, with: wrong)
            #expect(body != Self.invoice)
            let answer = try await client.send(.post, "\(Self.records)/invoice", body, headers: headers)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(try await client.send(.get, "/_control/netsuite/invoices").json().elements?.count == 0)
        }
    }

    @Test("a payment pays an invoice by its internal id, and no more than is due")
    func payment() async throws {
        try await withCustomer { client, headers in
            let made = try await client.send(.post, "\(Self.records)/invoice", Self.invoice, headers: headers)
            let id = try #require(made.header("Location")?.split(separator: "/").last)
            func pay(_ key: String, _ amount: String, _ doc: String) async throws -> Int {
                try await client.send(
                    .post, "\(Self.records)/customerPayment",
                    """
                    {"externalId":"\(key)","customer":{"externalId":"BAN001"},"payment":\(amount),"account":{"id":"1"},\
                    "apply":{"items":[{"doc":\(doc),"apply":true,"amount":\(amount)}]}}
                    """, headers: headers
                ).status
            }
            #expect(try await pay("PAY-1", "100.00", #"{"externalId":"INV-1"}"#) == 400)
            #expect(try await pay("PAY-1", "100.00", #"{"id":"\#(id)"}"#) == 204)
            #expect(try await pay("PAY-2", "34.56", #"{"id":"\#(id)"}"#) == 400)
            #expect(try await pay("PAY-2", "34.55", #"{"id":"\#(id)"}"#) == 204)
            let invoice = try await client.send(.get, "\(Self.records)/invoice/\(id)", headers: headers).json()
            #expect(invoice["amountRemaining"] == .number("0.00"))
            #expect(invoice["status"]?["id"] == .string("B"))
        }
    }

    @Test("there is no invoice below zero: that is a credit memo, never due, and it lowers what the customer owes")
    func creditMemo() async throws {
        try await withCustomer { client, headers in
            let negative = Self.invoice.replacing("9.12", with: "-200.00")
            let refused = try await client.send(.post, "\(Self.records)/invoice", negative, headers: headers)
            #expect(refused.status == 400)
            #expect(try refused.errorCode == "USER_ERROR")
            _ = try await client.send(.post, "\(Self.records)/invoice", Self.invoice, headers: headers)
            let memo = Self.invoice.replacing("125.43", with: "-20.00").replacing("9.12", with: "34.55")
            let due = memo.replacing(#""tranDate""#, with: #""dueDate":"2026-12-30","tranDate""#)
            #expect(try await client.send(.post, "\(Self.records)/creditMemo", due, headers: headers).status == 400)
            #expect(try await client.send(.post, "\(Self.records)/creditMemo", memo, headers: headers).status == 204)
            let found = try await client.send(.get, "\(Self.records)/creditMemo/eid:INV-1", headers: headers).json()
            #expect(found["total"] == .number("14.55"))
            let customer = try await client.send(.get, "\(Self.records)/customer/eid:BAN001", headers: headers).json()
            #expect(customer["balance"] == .number("120.00"))
        }
    }

    @Test("SuiteQL finds open invoices page by page, and wants an order")
    func suiteQL() async throws {
        try await withCustomer { client, headers in
            for number in 1...3 {
                let body = Self.invoice.replacing("INV-1", with: "INV-\(number)")
                _ = try await client.send(.post, "\(Self.records)/invoice", body, headers: headers)
            }
            func ask(_ condition: String, order: String = "ORDER BY t.id", page: String = "limit=2&offset=0")
                async throws
                -> HTTPClientResponse
            {
                try await client.send(
                    .post, "/services/rest/query/v1/suiteql?\(page)",
                    #"{"q":"SELECT t.id, t.externalid, t.foreigntotal FROM transaction t WHERE \#(condition) \#(order)"}"#,
                    headers: headers)
            }
            let open = "t.type='CustInvc' AND t.foreignamountunpaid > 0"
            let first = try await ask(open).json()
            #expect(first["hasMore"] == .bool(true))
            #expect(first["items"]?.elements?.map { $0["externalid"]?.string } == ["INV-1", "INV-2"])
            let second = try await ask(open, page: "limit=2&offset=2").json()
            #expect(second["items"]?.elements?.map { $0["foreigntotal"]?.string } == ["134.55"])
            #expect(try await ask("t.externalid IN ('INV-2','INV-9')").json()["totalResults"] == .number("1"))
            #expect(try await ask(open, order: "").status == 400)
            #expect(try await ask(open, page: "limit=1001&offset=0").status == 400)
        }
    }

    @Test(
        "amounts are worked out in cents",
        arguments: [("1", "0.005", 1), ("14756.5", "0.0085", 12_543), ("-1", "0.005", -1), ("3", "1.10", 330)])
    func products(quantity: String, rate: String, cents: Int64) {
        #expect(Cents.product(quantity, rate) == cents)
    }
}
