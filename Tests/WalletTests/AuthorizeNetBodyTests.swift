import Core
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

@Suite("Bodies and answers of Authorize.Net")
struct AuthorizeNetBodyTests {
    private static let account = AuthorizeNetAccount(
        url: "https://example.net/xml/v1/request.api", login: "LOGIN", transactionKey: Secret("KEY"),
        deadline: .seconds(30))

    private static func charge(description: String = "WARP invoice INV-2026-11-BAN001") throws -> AuthorizeNetRequest {
        try .charge(
            CardCharge(
                reference: "PI0000012345", amount: try Money(parsing: "134.55"), customerProfile: "900000001",
                paymentProfile: "900000101", description: description))
    }

    @Test("a charge is these bytes, each time")
    func chargeBytes() throws {
        let body = String(decoding: try Self.charge().body(for: Self.account), as: UTF8.self)
        #expect(
            body == """
                {"createTransactionRequest":{"merchantAuthentication":{"name":"LOGIN","transactionKey":"KEY"},\
                "refId":"PI0000012345","transactionRequest":{"transactionType":"authCaptureTransaction",\
                "amount":"134.55","profile":{"customerProfileId":"900000001","paymentProfile":\
                {"paymentProfileId":"900000101"}},"order":{"invoiceNumber":"PI0000012345",\
                "description":"WARP invoice INV-2026-11-BAN001"},"transactionSettings":{"setting":\
                [{"settingName":"duplicateWindow","settingValue":"28800"}]},"processingOptions":\
                {"isSubsequentAuth":"true","isStoredCredentials":"true"}}}}
                """)
        let again = String(decoding: try Self.charge().body(for: Self.account), as: UTF8.self)
        #expect(again == body)
    }

    @Test("every request follows the ordered schema, at every level")
    func order() throws {
        let facts = try AuthorizeNetFacts.load()
        let instant = try #require(Instant(parsing: "2026-11-23T12:00:00Z"))
        let requests: [AuthorizeNetRequest] = [
            try Self.charge(), try Self.charge(description: String(repeating: "é", count: 300)),
            try .refund("60020981676", amount: try Money(parsing: "1"), lastFour: "1111", reference: "RF1"),
            try .void("60020981676", reference: "VD1"),
            try .makeCustomerProfile(merchantCustomerID: "BAN001", email: "ap@example.com"),
            try .addCard(customerProfile: "1", dataDescriptor: "D", dataValue: "V"),
            try .card(customerProfile: "1", paymentProfile: "2"),
            try .removeCard(customerProfile: "1", paymentProfile: "2"), try .details("60020981676"),
            try .page(1, of: .unsettled), try .page(2, of: .customer("1")), try .page(1, of: .batch("1")),
            .settledBatches(from: instant, to: instant),
        ]
        for request in requests {
            let document = try Core.JSONValue(parsing: request.body(for: Self.account))
            let root = try #require(document.fields?.first)
            #expect(document.fields?.count == 1)
            let faults = try Self.faults(in: root.value, try facts.members(ofRequest: root.name), facts)
            #expect(faults == [], "\(root.name)")
        }
    }

    @Test("the comparison sees members in the wrong order, unknown ones, and texts that are too long")
    func comparison() throws {
        let facts = try AuthorizeNetFacts.load()
        func faults(_ body: String) throws -> [String] {
            try Self.faults(
                in: try Core.JSONValue(parsing: body), try facts.members(ofType: "orderType"), facts)
        }
        #expect(try faults(#"{"invoiceNumber":"PI1","description":"x"}"#) == [])
        #expect(try faults(#"{"description":"x","invoiceNumber":"PI1"}"#) == ["invoiceNumber: out of place"])
        #expect(try faults(#"{"number":"PI1"}"#) == ["number: out of place"])
        #expect(try faults(#"{"invoiceNumber":"PI1234567890123456789"}"#) == ["invoiceNumber: length 21"])
    }

    /// What a group's members do that the facts don't allow.
    private static func faults(
        in group: Core.JSONValue, _ members: [AuthorizeNetFacts.Member], _ facts: AuthorizeNetFacts
    ) throws -> [String] {
        guard case .object(let fields) = group else { return ["no group"] }
        var faults: [String] = []
        var rest = members[...]
        for field in fields {
            guard let index = rest.firstIndex(where: { $0.name == field.name }) else {
                faults.append("\(field.name): out of place")
                continue
            }
            let member = rest[index]
            faults += rest[..<index].filter(\.required).map { "\($0.name): missing" }
            rest = rest[(index + 1)...]
            let values = member.repeated == true ? field.value.elements ?? [field.value] : [field.value]
            for value in values {
                if let type = member.type {
                    faults += try Self.faults(in: value, try facts.members(ofType: type), facts)
                } else if let text = value.string {
                    let length = text.unicodeScalars.count
                    let allowed = (member.minLength ?? 0)...(member.maxLength ?? .max)
                    if !allowed.contains(length) { faults.append("\(field.name): length \(length)") }
                } else if value.fields != nil || value.elements != nil || value == .null {
                    faults.append("\(field.name): no text")
                }
            }
        }
        return faults + rest.filter(\.required).map { "\($0.name): missing" }
    }

    // MARK: Answers

    private static func answer(_ text: String, to reference: String? = "PI1") throws(ProcessorError)
        -> AuthorizeNetAnswer
    {
        try AuthorizeNetAnswer(reading: [0xEF, 0xBB, 0xBF] + Array(text.utf8), to: reference)
    }

    private static func outcome(_ response: String) throws -> TransactionResponse.Outcome? {
        try answer(
            #"{"transactionResponse":\#(response),"refId":"PI1","messages":{"resultCode":"Ok","message":[]}}"#
        ).transaction?.outcome
    }

    @Test("an answer is read behind its byte order mark, and by the transaction's code before the result's")
    func outcomes() throws {
        let payment = ProcessorPayment(id: "60020981676", lastFour: "1111", authCode: "LZ6I19")
        let approved =
            #"{"responseCode":"1","authCode":"LZ6I19","transId":"60020981676","accountNumber":"XXXX1111"}"#
        #expect(try Self.outcome(approved) == .approved(payment))
        // Numbers where texts are usual.
        let numbers = approved.replacing(#""1","authCode""#, with: #"1,"authCode""#)
            .replacing(#""60020981676""#, with: "60020981676")
        #expect(numbers != approved)
        #expect(try Self.outcome(numbers) == .approved(payment))
        let held = approved.replacing(#""responseCode":"1""#, with: #""responseCode":"4""#)
        #expect(try Self.outcome(held) == .heldForReview(payment))
        let errors = #""errors":[{"errorCode":"11","errorText":"A duplicate"}]"#
        #expect(
            try Self.outcome(#"{"responseCode":"3","transId":"60020981676",\#(errors)}"#)
                == .duplicate(ofTransaction: "60020981676"))
        #expect(
            try Self.outcome(#"{"responseCode":"3","transId":"0",\#(errors)}"#) == .duplicate(ofTransaction: nil))
        #expect(
            try Self.outcome(#"{"responseCode":"2","errors":[{"errorCode":"27","errorText":"AVS"}]}"#)
                == .declined(code: "27", text: "AVS"))
        #expect(
            try Self.outcome(#"{"responseCode":"3","errors":[{"errorCode":"8","errorText":"expired"}]}"#)
                == .declined(code: "8", text: "expired"))
        // Neither: no transaction was kept, the way to the bank failed, a code that nobody knows.
        for unclear in [
            approved.replacing(#""60020981676""#, with: #""0""#),
            #"{"responseCode":"3","errors":[{"errorCode":"120","errorText":"timed out"}]}"#, #"{"responseCode":"3"}"#,
            #"{"responseCode":"9","transId":"1"}"#,
        ] {
            guard case .unclear = try Self.outcome(unclear) else {
                Issue.record("\(unclear) is clear")
                continue
            }
        }
    }

    @Test(
        "an error without a transaction says by its code whether anything may have happened",
        arguments: [
            ("E00001", "processor-failing"), ("E00053", "processor-failing"), ("E00104", "processor-failing"),
            ("E00003", "processor-bad-request"), ("E00007", "processor-credentials"), ("E00040", "processor-refused"),
        ])
    func faults(code: String, reason: String) throws {
        let answer = try Self.answer(
            #"{"messages":{"resultCode":"Error","message":[{"code":"\#(code)","text":"words"}]}}"#)
        #expect(answer.transaction == nil)
        #expect(answer.fault.reason == reason)
    }

    @Test(
        "an answer that is no JSON, has no result, or is to another request says nothing",
        arguments: [
            "<html></html>", "{}", "", #"{"refId":"PI2","messages":{"resultCode":"Ok","message":[]}}"#,
        ])
    func unreadable(text: String) throws {
        do throws(ProcessorError) {
            _ = try Self.answer(text)
            Issue.record("\(text) is an answer")
        } catch {
            #expect(error.reason == "processor-unreadable")
        }
    }

    @Test(
        "a failed request says of a charge what it says of the world",
        arguments: [
            (ProcessorError.notReached(""), false), (.busy(""), false), (.credentials(""), false),
            (.badRequest(""), false), (.timedOut(""), true), (.failing(""), true), (.unreadable(""), true),
        ])
    func errors(error: ProcessorError, isUnknown: Bool) {
        let answer = ChargeAnswer(error)
        #expect(answer.isUnknown == isUnknown)
        #expect(answer.isNotSent == !isUnknown)
        #expect(answer.reasonCode == error.reason)
    }
}
