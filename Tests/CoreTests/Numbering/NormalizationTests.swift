import Core
import Testing

@Suite("Normalisation")
struct NormalizationTests {
    let plan = SmallWorld.numbers().plan

    @Test(
        "headers and dialled digits come to the same number (N2, N3, N5)",
        arguments: [
            "3122001234", "13122001234", "+13122001234", "(312) 200-1234", "sip:+13122001234@host",
            "<tel:+1-312-200-1234>",
            "\"Smith, Bob\" <sip:3122001234@host:5060>;tag=a", "sip:%2B13122001234@h",
            "tel:200-1234;phone-context=+1312",
            "01113122001234",
        ])
    func sameNumber(text: String) {
        let number = plan.normalize(text)
        #expect(number.kind == .geographic)
        #expect(number.number?.text == "+13122001234")
        #expect(number.national?.text == "3122001234")
    }

    @Test(
        "kinds of numbers (N7, N9–N11)",
        arguments: [
            ("911", NumberKind.emergency, "911"), ("411", .service, "411"), ("3125551212", .service, "+13125551212"),
            ("8005551234", .tollfree, "+18005551234"), ("5002001234", .nongeographic, "+15002001234"),
            ("9002001234", .premium, "+19002001234"), ("3129761234", .premium, "+13129761234"),
            ("4165001234", .international, "+14165001234"), ("+447797123456", .international, "+447797123456"),
            ("0115215512345678", .international, "+525512345678"),
        ] as [(String, NumberKind, String)])
    func kinds(text: String, kind: NumberKind, shown: String) {
        let number = plan.normalize(text)
        #expect(number.kind == kind)
        #expect(number.dialled?.text == shown)
    }

    @Test(
        "a text that is no number says why (N5–N11)",
        arguments: [
            ("sip:host.example", NumberFault.noUser), ("312200123x", .badCharacters), ("+", .badCharacters),
            ("+1312200123", .badLength), ("2001234", .tooShort), ("4420794600001234", .tooLong),
            ("2922001234", .invalidNPA), ("2222222222", .unassignedNPA), ("8222001234", .tollFreeReserved),
            ("3121001234", .invalidNXX), ("3129581234", .invalidNXX), ("3125550100", .fictitious555),
            ("+2101234567", .unknownCountryCode),
        ] as [(String, NumberFault)])
    func faults(text: String, reason: NumberFault) {
        let number = plan.normalize(text)
        #expect(number.kind == .invalid)
        #expect(number.reason == reason)
        #expect(number.number == nil)
    }

    @Test(
        "nothing, and what Kamailio prints for nothing (N1)", arguments: [nil, "", "  ", "<null>", "(null)", "sip:@h"])
    func missing(text: String?) {
        #expect(plan.normalize(text).kind == .missing)
    }

    @Test(
        "withheld numbers, in words, in digits and by host (N2, N4)",
        arguments: ["Anonymous", "sip:restricted@h", "266696687", "+86282452253", "sip:3122001234@Anonymous.Invalid"])
    func anonymous(text: String) {
        #expect(plan.normalize(text).kind == .anonymous)
    }

    @Test("five and six digits are short codes in messages only (N7)")
    func shortCodes() {
        #expect(plan.normalize("72345", in: .sms).kind == .shortcode)
        #expect(plan.normalize("72345", in: .sms).serviceCode == 72_345)
        #expect(plan.normalize("72345").reason == .tooShort)
        #expect(plan.normalize("12345", in: .sms).reason == .tooShort)
    }

    @Test("rn and npdi count in the user part, and a routing number must be domestic (N12)")
    func porting() {
        let ported = plan.normalize("sip:+13122001234;rn=+13122010000;npdi=yes@h")
        #expect(ported.rn?.text == "3122010000")
        #expect(ported.npdi)
        let behindHost = plan.normalize("sip:+13122001234@h;rn=+13122010000;npdi")
        #expect(behindHost.rn == nil)
        #expect(!behindHost.npdi)
        let canadian = plan.normalize("sip:+13122001234;rn=+14165001234;npdi@h")
        #expect(canadian.rn == nil)
        #expect(!canadian.npdi)
        #expect(canadian.flags.names == ["RN_INVALID"])
    }

    @Test("flags tell how a number was read (N7, N11)")
    func flags() {
        #expect(plan.normalize("0115215512345678").flags.names == ["IDD_PREFIX", "MX_LEGACY_1"])
        #expect(plan.normalize("442079460000").flags.names == ["NO_PLUS"])
        #expect(plan.normalize("+881612345678").flags.names == ["SATELLITE"])
    }

    @Test("numbers print redacted")
    func redaction() {
        let number = PhoneNumber(parsing: "+13122001234")
        #expect(number.map { "\($0)" } == "+1312200XXXX")
        #expect(number?.national.map { "\($0)" } == "312200XXXX")
        #expect(PhoneNumber(parsing: "+0123") == nil)
        #expect(PhoneNumber(parsing: "+1234567890123456") == nil)
    }
}
