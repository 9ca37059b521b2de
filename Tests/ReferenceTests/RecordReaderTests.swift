import Core
import Drivers
import Testing

@testable import Reference

@Suite("Reading records")
struct RecordReaderTests {
    private func read(_ text: String, as door: RecordKind? = nil) throws -> RecordReading {
        let element = try #require(try JSONRecords(parsing: Array(text.utf8)).first)
        return try RecordReader.read(element, as: door)
    }

    @Test("a message of Jasmin's forwarder fills the fields of a message, in its own words")
    func message() throws {
        let read = try read(
            """
            {"record_type":"sms.mdr","direction":"mt","service":"sms","message_id":"m1","user_id":"BAN200001",\
            "source_addr":"72345","destination_addr":"12024561111","connector_id":"smsc1","segments":3,"data_coding":8,\
            "charge":0.0225,"submitted_at":"2026-11-22T16:59:43.458Z","status":"ESME_ROK","smsc_message_id":"A1","final":true}
            """)
        guard case .message(let message) = read.record else { throw NotAMessage() }
        #expect(read.kind == .mdr && read.naturalKey == "m1")
        #expect(message.customerBAN?.text == "BAN200001")
        #expect(message.type == "sms" && message.direction == "mt" && message.status == "ESME_ROK")
        #expect(message.source == "72345" && message.destination == "12024561111")
        #expect(message.segments == 3 && message.coding == 8 && message.isFinal)
        #expect(message.connector == "smsc1" && message.smscMessageID == "A1")
        #expect(message.at.instant?.text == "2026-11-22T16:59:43.458Z")
        #expect(message.id.value == read.keyHash)
    }

    @Test("a message in the rules' own words is the same, with its text")
    func otherSender() throws {
        let read = try read(
            """
            {"record_type":"mms.mdr","msgid":"m2","customer_ban":"BAN1","type":"mms","direction":"MO","source":"+13",\
            "destination":"+14","body":"hi","coding":0,"segments":0,"vendor":"sinch","carrier":"AT&T","at":"2026-11-22"}
            """)
        guard case .message(let message) = read.record else { throw NotAMessage() }
        #expect(message.messageID == "m2" && message.type == "mms" && message.body == "hi")
        #expect(message.vendor?.text == "sinch" && message.carrier == "AT&T")
        #expect(message.segments == nil, "a count below 1 is none")
        #expect(message.at == .unreadable, "held later, not refused")
    }

    @Test("an attempt's measurements are read in hundredths, from numbers and texts")
    func attempt() throws {
        let read = try read(
            """
            {"record_type":"voice.attempt","sip_uuid":"u1","attempt_number":2,"vendor_name":"peerless","pdd_ms":840,\
            "mos_score":4.376,"packet_loss":"0.5","jitter_ms":7,"answer_stamp":null,"sip_response_code":486}
            """)
        guard case .attempt(let attempt) = read.record else { throw NotAMessage() }
        #expect(read.naturalKey == "u1|2")
        #expect(attempt.mosHundredths == 437 && attempt.packetLossHundredths == 50)
        #expect(attempt.pddMilliseconds == 840 && attempt.jitterMilliseconds == 7 && attempt.sipResponseCode == 486)
        #expect(attempt.answer == .absent)
    }

    @Test(
        "a query without a quantity counts one; a quantity that is none is held later",
        arguments: [
            (text: #"{"id":"q"}"#, quantity: APIUsage.Quantity.count(1)),
            (text: #"{"id":"q","quantity":25}"#, quantity: .count(25)),
            (text: #"{"id":"q","quantity":0}"#, quantity: .invalid),
            (text: #"{"id":"q","quantity":1.5}"#, quantity: .invalid),
            (text: #"{"id":"q","quantity":"2"}"#, quantity: .invalid),
        ])
    func quantity(text: String, quantity: APIUsage.Quantity) throws {
        guard case .query(let query) = try read(text, as: .api).record else { throw NotAMessage() }
        #expect(query.quantity == quantity)
    }

    @Test("a call without an account is no reject: it is held as nobody's", arguments: ["null", #""""#])
    func noAccount(ban: String) throws {
        guard case .call(let call) = try read(#"{"sip_uuid":"u","customer_ban":\#(ban)}"#, as: .cdr).record else {
            throw NotAMessage()
        }
        #expect(call.customerBAN == nil)
    }

    @Test(
        "content is equal for equal JSON values and for nothing else",
        arguments: [
            (
                left: #"{"sip_uuid":"u","a":1,"b":{"x":[1,2]}}"#,
                right: #"{ "b":{"x":[1.0,2]}, "a":1e0,"sip_uuid":"\u0075"}"#, equal: true
            ),
            (left: #"{"sip_uuid":"u","a":null}"#, right: #"{"sip_uuid":"u"}"#, equal: false),
            (left: #"{"sip_uuid":"u","a":"1"}"#, right: #"{"sip_uuid":"u","a":1}"#, equal: false),
            (left: #"{"sip_uuid":"u","a":[1,2]}"#, right: #"{"sip_uuid":"u","a":[2,1]}"#, equal: false),
            (left: #"{"sip_uuid":"u","a":1,"a":2}"#, right: #"{"sip_uuid":"u","a":2}"#, equal: true),
            (left: #"{"sip_uuid":"u","a":true}"#, right: #"{"sip_uuid":"u","a":false}"#, equal: false),
        ])
    func content(left: String, right: String, equal: Bool) throws {
        let (left, right) = (try read(left, as: .cdr), try read(right, as: .cdr))
        #expect(left.keyHash == right.keyHash)
        #expect((left.contentHash == right.contentHash) == equal)
    }

    @Test("an id is SHA-256 over kind and key as a version 8 UUID, and differs by kind")
    func identity() {
        // printf '\\x01u1' | sha256sum: 65840c86e66324add211192b616741db… before version and variant are set.
        let id = RecordReader.id(.cdr, naturalKey: "u1").text
        #expect(id == "65840c86-e663-84ad-9211-192b616741db")
        #expect(id != RecordReader.id(.mdr, naturalKey: "u1").text)
    }

    @Test("an answer that another will follow has a key of its own; a receipt's moment of arrival is not its content")
    func keys() throws {
        let interim = try read(#"{"message_id":"m","final":false,"status":"ESME_RTHROTTLED"}"#, as: .mdr)
        #expect(interim.naturalKey == "m|interim|ESME_RTHROTTLED")
        let receipt =
            #"{"smsc_message_id":"A1","connector_id":"c","message_status":"DELIVRD","done_date":"26","received_at":"#
        let (first, second) = (try read(receipt + #""x"}"#, as: .dlr), try read(receipt + #""y"}"#, as: .dlr))
        #expect(first.naturalKey == "c|A1|DELIVRD|26")
        #expect(first.contentHash == second.contentHash)
    }

    @Test("a stored document is read again under the id of its row")
    func stored() throws {
        let id = UsageID(Identifier128(high: 1, low: 2))
        let record = try RecordReader.record(.cdr, document: Array(#"{"sip_uuid":"u"}"#.utf8), id: id)
        #expect(record.id == id)
        #expect(throws: RejectReason(.missing, field: "/sip_uuid")) {
            try RecordReader.record(.cdr, document: Array("{}".utf8), id: id)
        }
    }

    private struct NotAMessage: Error {}
}

@Suite("The content of a record in one form")
struct RecordContentTests {
    /// Several writings of one JSON value each.
    static let writings: [[String]] = [
        [
            #"{"a":"x","b":1}"#, #" { "b" : 1 , "a" : "x" } "#, #"{"\u0061":"\u0078","b":1.0}"#,
            #"{"a":"old","b":10e-1,"a":"x"}"#,
        ],
        [#"{"n":120}"#, #"{"n":12e1}"#, #"{"n":1.2e2}"#, #"{"n":120.000}"#],
        [#"{"n":-700}"#, #"{"n":-7e2}"#], [#"{"n":1000000}"#, #"{"n":1e6}"#], [#"{"n":10}"#], [#"{"n":100}"#],
        [#"{"n":0}"#, #"{"n":-0}"#, #"{"n":0.0}"#, #"{"n":0e5}"#],
        [#"{"t":"a\"b\\c\n\r\t/"}"#, #"{"t":"a\u0022b\u005cc\u000a\u000D\u0009\/"}"#],
        [#"{"t":"\u0001é😀"}"#, #"{"t":"\u0001\u00e9\ud83d\ude00"}"#],
        [#"{"o":{"x":[1,2.50],"y":null},"p":true}"#, #"{"p":true,"o":{"y":null, "x":[1.0,25e-1]}}"#],
        [
            #"{"sip_rpid":1,"sip_from":2,"sip_pai":3,"sip_pci":4,"sip_from_long":5}"#,
            #"{"sip_from_long":5,"sip_pci":4,"sip_pai":3,"sip_from":2,"sip_rpid":1}"#,
        ],
        [#"{}"#, #" { } "#], [#"{"a":null}"#], [#"{"a":""}"#], [#"{"a":"1"}"#, #"{"a":"\u0031"}"#], [#"{"a":1}"#],
        [#"{"A":1}"#], [#"{"a":false}"#],
    ]

    @Test("is the same for every writing of a value, and another for every other value")
    func forms() throws {
        var seen: [[UInt8]: Int] = [:]
        for (group, writings) in Self.writings.enumerated() {
            for writing in writings {
                guard case .record(let record) = try #require(try JSONRecords(parsing: Array(writing.utf8)).first)
                else {
                    Issue.record("\(writing) is no record")
                    continue
                }
                let content = RecordContent.canonicalBytes(of: record)
                #expect(seen[content, default: group] == group, "\(writing)")
                seen[content] = group
                // The one form is that of Core's own values.
                #expect(content == (try Core.JSONValue(parsing: Array(writing.utf8)).canonicalBytes), "\(writing)")
            }
        }
        #expect(seen.count == Self.writings.count)
    }
}
