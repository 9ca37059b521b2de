import Core
import Testing

@Suite("Disputes and vendors")
struct DisputeTests {
    @Test("a claim opens within 30 days of the vendor's invoice, and lapses if it was not sent by then (C5)")
    func window() throws {
        let invoiced = day("2025-04-01")
        #expect(Dispute(disputable: try usd("1"), vendorInvoiceDate: invoiced, on: day("2025-05-02")) == nil)
        #expect(Dispute(disputable: .zero, vendorInvoiceDate: invoiced, on: day("2025-04-02")) == nil)
        var dispute = try #require(
            Dispute(disputable: try usd("1"), vendorInvoiceDate: invoiced, on: day("2025-05-01")))
        let onLastDay = dispute.lapse(on: day("2025-05-01"))
        #expect(!onLastDay)
        let afterwards = dispute.lapse(on: day("2025-05-02"))
        #expect(afterwards)
        #expect(dispute.state == .lapsed)
        #expect(throws: Dispute.Fault.notPossible(from: "lapsed")) { try dispute.send(on: day("2025-05-02")) }
    }

    @Test("a sent claim does not lapse; it is credited in part, rejected, escalated or withdrawn")
    func course() throws {
        var dispute = Dispute(amount: try usd("10"), vendorInvoiceDate: day("2025-04-01"), state: .open)
        try dispute.send(on: day("2025-04-20"))
        let lapsed = dispute.lapse(on: day("2025-06-01"))
        #expect(!lapsed)
        try dispute.escalate(on: day("2025-06-01"))
        #expect(dispute.state.isAlive)
        #expect(throws: Dispute.Fault.badAmount) { try dispute.credit(try usd("10.00001")) }
        try dispute.credit(try usd("6"))
        #expect(dispute.state == .credited(try usd("6")))
        #expect(!dispute.state.isAlive)
        #expect(throws: Dispute.Fault.notPossible(from: "credited")) { try dispute.withdraw(reason: "paid twice") }
    }

    @Test("a wrong claim is withdrawn, a refused one is rejected with its reason")
    func endings() throws {
        var wrong = Dispute(amount: try usd("10"), vendorInvoiceDate: day("2025-04-01"), state: .open)
        try wrong.withdraw(reason: "our clock")
        #expect(wrong.state == .withdrawn(reason: "our clock"))
        var refused = Dispute(
            amount: try usd("10"), vendorInvoiceDate: day("2025-04-01"), state: .sent(on: day("2025-04-02")))
        try refused.reject(reason: "rounding by contract")
        #expect(refused.state == .rejected(reason: "rounding by contract"))
    }

    @Test(
        "dirty attempts are no part of a vendor's figures (Q2)",
        arguments: [
            (answer: "2025-03-12T15:00:05Z", end: "2025-03-12T15:01:05Z", created: "", isDirty: false),
            ("2025-03-12T15:00:05Z", "", "", true),
            ("", "2025-03-12T15:01:05Z", "", true),
            ("2025-03-12T15:00:05Z", "2025-03-12T15:00:04Z", "", true),
            ("2025-03-12T15:00:05Z", "2025-03-13T15:00:05.001Z", "", true),
            ("2025-03-12T15:00:05Z", "yesterday", "", true),
            ("2025-03-12T15:00:05Z", "2025-03-12T15:01:05Z", "2025-03-12T14:55:05Z", false),
            ("2025-03-12T15:00:05Z", "2025-03-12T15:01:05Z", "2025-03-12T14:55:04.999Z", true),
        ])
    func dirty(answer: String, end: String, created: String, isDirty: Bool) {
        let measure = AttemptMeasure(
            disposition: "ANSWERED", sipResponseCode: 200, pddMilliseconds: nil,
            start: Stamp(parsing: "2025-03-12T15:00:00Z"),
            answer: Stamp(parsing: answer), end: Stamp(parsing: end), created: Stamp(parsing: created),
            quality: CallQuality(), cost: nil)
        #expect((measure == nil) == isDirty)
    }

    @Test("four broken promises cost eight percent, a missing figure breaks none (Q7)")
    func adjustment() throws {
        let poor = AttemptMeasure(
            isAnswered: true, sipResponseCode: 200, pddMilliseconds: 9_000, talkMilliseconds: 1_000,
            quality: CallQuality(mosHundredths: 200), cost: try usd("0.01"))
        let failed = AttemptMeasure(
            isAnswered: false, sipResponseCode: 503, pddMilliseconds: nil, talkMilliseconds: nil,
            quality: CallQuality(),
            cost: nil)
        let sla = VendorSLA(
            asrMinimum: Percentage(hundredths: 6_000), nerMinimum: Percentage(hundredths: 9_000),
            pddP95MaximumMilliseconds: 4_500, mosMinimumHundredths: 380)
        let adjustment = VendorAdjustment(Scorecard([poor, failed]), sla: sla)
        #expect(adjustment.breaches == [.asr, .ner, .pdd, .mos])
        #expect(adjustment.percent == -8)
        #expect(adjustment.amount(on: try usd("333.33")) == (try usd("-26.67")))
        #expect(VendorAdjustment(Scorecard([]), sla: sla).percent == 0)
    }
}
