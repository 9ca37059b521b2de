import Core
import Testing

@Suite("Call offers")
struct CallOfferTests {
    private func offer(_ call: RawCDR, _ rates: String = SmallWorld.simpleRates) throws -> (CallOffer, MarginVerdict?) {
        let now = try #require(call.start.instant)
        return try SmallWorld.tables(plans: [SmallWorld.plan("default", rates: rates)]).offer(call, at: now)
    }

    @Test("a call is offered at the rate and terms by which its record will be charged (W5)")
    func priced() throws {
        let call = try SmallWorld.call()
        let usage = try SmallWorld.tables(plans: [SmallWorld.plan("default", rates: SmallWorld.simpleRates)]).rate(call)
        guard case .priced(let price, let customer) = try offer(call).0 else {
            Issue.record("no price")
            return
        }
        #expect(customer == SmallWorld.lakeside)
        #expect(price.rate == usage.rate)
        #expect(price.maximumSeconds(available: usage.charge) == usage.call?.billedSeconds)
    }

    @Test("the vendor's price decides the margin's verdict, and only where a vendor is named")
    func margin() throws {
        var call = try SmallWorld.call()
        call.selectedVendor = VendorName("telnyx")
        #expect(try offer(call).1 == .ok)
        #expect(try offer(call, SmallWorld.simpleRates.replacing("0.0085", with: "0.0010")).1 == .negative)
        call.selectedVendor = VendorName("nobody")
        #expect(try offer(call).1 == .noRate)
        call.selectedVendor = nil
        #expect(try offer(call).1 == nil)
    }

    @Test("an emergency call is free, whoever makes it (R7)")
    func emergency() throws {
        var call = try SmallWorld.call(dni: "911")
        #expect(try offer(call).0 == .free)
        call.customerBAN = nil
        #expect(try offer(call).0 == .free)
    }

    @Test("what nobody could charge is refused with its reason")
    func refused() throws {
        var call = try SmallWorld.call()
        call.customerBAN = try BAN(parsing: "NOBODY")
        #expect(try offer(call).0 == .refused("UNKNOWN_CUSTOMER"))
        #expect(
            try SmallWorld.tables(plans: []).offer(try SmallWorld.call(), at: Instant(milliseconds: 0)).offer
                == .refused("NO_RATE"))
        #expect(try offer(try SmallWorld.call(dni: "12")).0 == .refused("DNI_INVALID"))
    }
}
