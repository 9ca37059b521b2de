import Core
import Testing

@Suite("Messages and queries")
struct MessageRatingTests {
    private func tables() throws -> RatingTables {
        let sms = """
            {"schema": "sms/1", "sms_outbound": "0.0075000", "sms_inbound": "0.0050000",
             "carrier_surcharges": {"sms_outbound": {"T-Mobile": "0.0030000"}},
             "international": {"prefixes": {"44": "0.0400000"}}}
            """
        return try SmallWorld.tables(plans: [
            SmallWorld.plan("sms", .sms, rates: sms),
            SmallWorld.plan("api", .api, rates: #"{"schema": "api/1", "per_query": {"LRN": "0.0008000"}}"#),
        ])
    }

    private func message() throws -> RawMDR {
        var message = RawMDR(id: UsageID(Identifier128(high: 0, low: 9)), messageID: "m1")
        message.customerBAN = try BAN(parsing: "BAN1")
        message.type = "sms"
        message.direction = "MT"
        message.source = "3122001111"
        message.destination = "2126001111"
        message.body = "hello"
        message.status = "delivered"
        message.vendor = VendorName("telnyx")
        message.at = Stamp(parsing: "2025-03-12T15:00:00Z")
        return message
    }

    @Test("0.0075 against 0.0045 and a fee of 0.0020 leaves 0.0010, 13.33 % (S6)")
    func seedPrices() throws {
        let usage = try tables().rate(try message())
        #expect(usage.status == .rated)
        #expect(usage.charge?.text(.charge) == "0.00750")
        #expect(usage.vendorCost?.text(.charge) == "0.00650")
        #expect(usage.marginPercentage?.text == "13.33")
        #expect(usage.message?.units == 1)
        #expect(usage.flags.names == ["DEFAULT_PLAN_USED"])
    }

    @Test("the carrier's surcharge is paid per segment (S6)")
    func surcharge() throws {
        var message = try message()
        message.carrier = "T-Mobile"
        message.segments = 3
        let usage = try tables().rate(message)
        #expect(usage.charge?.text(.charge) == "0.03150")
        #expect(usage.message?.surcharge?.text == "0.0030000")
        #expect(usage.flags.contains(.segmentMismatch))
    }

    @Test(
        "what the gateway's status makes of a message (S4, M9)",
        arguments: [
            ("ESME_ROK", UsageStatus.rated), ("esme_rthrottled", .notBillable), ("ESME_RINVDSTADR", .notBillable),
            ("Expired", .rated), ("failed", .notBillable), ("lost", .held),
        ])
    func statuses(status: String, outcome: UsageStatus) throws {
        var message = try message()
        message.status = status
        #expect(try tables().rate(message).status == outcome)
    }

    @Test("a message abroad has a rate of its prefix or none (S5)")
    func international() throws {
        var message = try message()
        message.destination = "+442079460000"
        #expect(try tables().rate(message).charge?.text(.charge) == "0.04000")
        message.destination = "+525512345678"
        let mexican = try tables().rate(message)
        #expect(mexican.status == .unrated)
        #expect(mexican.flags.contains(.noRate))
    }

    @Test("an inbound message without a customer belongs to whom the number belongs (M9)")
    func owner() throws {
        var reference = try tables().reference
        reference.connectors = ["smsc1": VendorName("telnyx")]
        reference.carriers = ["2111": "Verizon"]
        var accounts = Accounts()
        accounts.customers = [.init(ban: try BAN(parsing: "BAN1"), id: SmallWorld.lakeside, btn: nil)]
        accounts.numbers = ["+13125550123": try BAN(parsing: "BAN1")]
        var message = try message()
        message.customerBAN = nil
        message.vendor = nil
        message.connector = "smsc1"
        message.direction = "mo"
        message.source = "12126001111"
        // A number that is none by N9 still has an owner.
        message.destination = "13125550123"
        let usage = RatingTables(reference, accounts).rate(message)
        #expect(usage.customerBAN?.text == "BAN1")
        #expect(usage.vendor?.text == "telnyx")
        #expect(usage.message?.carrier == "Verizon")
        #expect(usage.charge?.text(.charge) == "0.00500")
    }

    @Test(
        "texts, their coding and their parts (S1, S2)",
        arguments: [
            (String(repeating: "a", count: 160), MessageEncoding.gsm7, 1),
            (String(repeating: "a", count: 161), .gsm7, 2),
            (String(repeating: "€", count: 81), .gsm7, 2), ("ça va", .ucs2, 1),
            (String(repeating: "я", count: 71), .ucs2, 2),
            (String(repeating: "я", count: 66) + "🚀" + String(repeating: "я", count: 66), .ucs2, 3), ("", .gsm7, 1),
        ] as [(String, MessageEncoding, Int)])
    func segments(body: String, encoding: MessageEncoding, segments: Int) {
        let text = MessageText(body, coding: 0)
        #expect(text.encoding == encoding)
        #expect(text.segments == segments)
    }

    @Test("a query is billed when the dip was made, by its count (A1)")
    func queries() throws {
        var query = APIUsage(id: UsageID(Identifier128(high: 0, low: 3)), key: "q1")
        query.customerBAN = try BAN(parsing: "BAN1")
        query.api = " lrn "
        query.quantity = .count(25)
        query.status = "not_found"
        query.vendor = VendorName("telnyx")
        query.at = Stamp(parsing: "2025-03-12T15:00:00Z")
        let usage = try tables().rate(query)
        #expect(usage.charge?.text(.charge) == "0.02000")
        #expect(usage.vendorCost?.text(.charge) == "0.00750")
        #expect(usage.classKey?.text == "API:LRN")
        query.status = "error"
        #expect(try tables().rate(query).status == .notBillable)
        query.quantity = .invalid
        #expect(try tables().rate(query).flags.contains(.badQuantity))
        #expect(try tables().rate(query).query?.units == nil)
    }
}
