import Core
import Testing

@Suite("Caller identity")
struct CallerIdentityTests {
    let plan = SmallWorld.numbers().plan

    private func caller(
        pci: String? = nil, pai: String? = nil, raw: String? = nil, from: String? = nil, btn: String? = nil,
        direction: CallDirection = .terminating
    ) -> CallerIdentity {
        var record = RawCDR(id: UsageID(Identifier128(high: 0, low: 1)), sipUUID: "a")
        record.sipPCI = pci
        record.sipPAI = pai
        record.rawANI = raw
        record.sipFrom = from
        return plan.caller(record, direction: direction, btn: btn.map { plan.normalize($0) })
    }

    @Test("P-Charge-Info beats all other headers (J1, J2)")
    func order() {
        let caller = caller(pci: "<sip:+12126001111@h>;noa=3", pai: "3122001111", raw: "3122001111")
        #expect(caller.number?.number?.text == "+12126001111")
        #expect(caller.source == .pci)
        #expect(caller.flags.isEmpty)
    }

    @Test("a comma in a display name or in brackets does not split a header (J1)")
    func commas() {
        let caller = caller(pai: "\"Doe, \\\"J\\\", John\" <sip:anonymous@anonymous.invalid>, <tel:+13122001111>")
        #expect(caller.number?.number?.text == "+13122001111")
        #expect(caller.flags.names == ["ANI_RESTRICTED"])
    }

    @Test("what was passed over leaves a flag (J2)")
    func flags() {
        let caller = caller(pci: "911", pai: "sip:999@h", raw: "8005551234", from: "2126001111")
        #expect(caller.source == .from)
        #expect(caller.flags.names == ["ANI_INVALID"])
    }

    @Test("the billing number stands in towards the public network only (J3)")
    func btn() {
        #expect(caller(raw: "anonymous", btn: "3122009999").source == .btn)
        let inbound = caller(raw: "anonymous", btn: "3122009999", direction: .originating)
        #expect(inbound.number == nil)
        #expect(inbound.flags.names == ["ANI_MISSING", "ANI_RESTRICTED"])
    }

    @Test("a toll-free number is the last resort, under its own header (J3)")
    func tollFree() {
        let caller = caller(pai: "8002000001", raw: "8005551234")
        #expect(caller.number?.number?.text == "+18002000001")
        #expect(caller.source == .pai)
        #expect(caller.flags.names == ["ANI_TOLLFREE"])
    }
}
