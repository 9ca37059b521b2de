/// The numbers of a small world, and the ways in which switches write them.
struct NumberPool: Sendable {
    static let domestic: [(npa: String, country: String, state: String)] = [
        ("312", "US", "IL"), ("630", "US", "IL"), ("217", "US", "IL"), ("212", "US", "NY"), ("201", "US", "NJ"),
        ("913", "US", "KS"), ("816", "US", "MO"), ("907", "US", "AK"), ("808", "US", "HI"), ("703", "US", "VA"),
        ("787", "PR", "PR"), ("340", "VI", "VI"), ("671", "GU", "GU"), ("684", "AS", "AS"), ("670", "MP", "MP"),
    ]
    static let neighbours: [(npa: String, country: String, state: String)] = [
        ("416", "CA", "ON"), ("204", "CA", "MB"), ("441", "BM", ""), ("876", "JM", ""), ("242", "BS", ""),
    ]
    static let tollFreeCodes = ["800", "833", "844", "855", "866", "877", "888"]
    static let reservedCodes = ["822", "880", "881", "882", "883", "884", "885", "886", "887", "889"]
    static let personalCodes = ["500", "521", "533", "544", "566", "577", "588", "700", "710"]
    static let countries = [
        ("7", "RU"), ("77", "KZ"), ("20", "EG"), ("33", "FR"), ("44", "GB"), ("441481", "GG"), ("49", "DE"),
        ("52", "MX"), ("52998", "MX"), ("53", "CU"), ("800", "001"), ("870", "001"), ("881", "001"), ("882", "001"),
        ("883", "001"), ("91", "IN"), ("972", "IL"), ("998", "UZ"),
    ]

    /// Ten digits each.
    var geographic: [String] = []
    var routing: [String] = []
    var tollFree: [String] = []
    var personal: [String] = []
    var premium: [String] = []
    /// Digits of an E.164 number.
    var foreign: [String] = []

    init(_ random: inout SplitMix) {
        for area in Self.domestic where random.chance(60) || geographic.isEmpty {
            for _ in 0..<2 {
                let exchange = random.pick(["200", "201", "345", "600", "777"])
                for _ in 0..<random.number(1...3) {
                    geographic.append("\(area.npa)\(exchange)\(random.pick(["1", "5", "9"]))\(random.digits(3))")
                }
            }
        }
        for number in geographic where random.chance(40) { routing.append("\(number.prefix(6))0000") }
        for _ in 0..<3 { routing.append("\(random.pick(Self.domestic).npa)499\(random.digits(4))") }
        for _ in 0..<4 {
            tollFree.append("\(random.pick(Self.tollFreeCodes))2\(random.number(2...9))\(random.digits(5))")
        }
        for _ in 0..<3 { personal.append("\(random.pick(Self.personalCodes))234\(random.digits(4))") }
        for _ in 0..<2 { premium.append("900345\(random.digits(4))") }
        for area in Self.domestic.prefix(5) { premium.append("\(area.npa)976\(random.digits(4))") }
        for _ in 0..<8 { foreign.append("\(random.pick(Self.countries).0)\(random.digits(9))") }
        for _ in 0..<3 { foreign.append("1\(random.pick(Self.neighbours).npa)234\(random.digits(4))") }
        foreign.append("1600234\(random.digits(4))")
        foreign.append("52" + random.digits(10))
    }

    /// A number as digits that a caller or a switch might write without punctuation.
    func any(_ random: inout SplitMix) -> String {
        let choices: [(weight: Int, element: String)] = [
            (50, random.pick(geographic)), (10, random.pick(tollFree)), (12, "+\(random.pick(foreign))"),
            (3, "011\(random.pick(foreign))"), (4, random.pick(personal)), (5, random.pick(premium)),
            (5, random.pick(["211", "311", "411", "511", "611", "711", "811", "988"])),
            (2, "\(random.pick(Self.domestic).npa)5551212"), (2, random.pick(["911", "933"])), (4, odd(&random)),
        ]
        return random.pick(weighted: choices)
    }

    /// One of the numbers that somebody thought of while writing section N.
    func odd(_ random: inout SplitMix) -> String {
        let geographic = random.pick(geographic)
        let foreign = random.pick(foreign)
        let choices: [String] = [
            "", " ", "<null>", "(null)", "null", "NULL", "Null", "anonymous", "Restricted", "UNAVAILABLE", "unknown",
            "private", "withheld", "Blocked", "266696687", "+266696687", "86282452253", "+86282452253", "7378742833",
            "+", "1234#13122001234", "5550100", "123", "999", "12", "0", "00", "000", "0110", "01144",
            "011\(geographic)", "0111\(geographic)", "001\(geographic)", "00\(foreign)", "\(foreign)",
            "+1\(geographic)0", "+1\(geographic.prefix(9))", "1\(geographic)12", "0\(geographic)", "12345", "234567",
            "112345", "1\(random.digits(10))", "\(random.digits(10))", "\(random.digits(11))",
            "\(random.digits(13))", "\(random.digits(16))", "+\(random.digits(6))", "+\(random.digits(15))",
            "+\(random.digits(16))", "+5219981234567", "5219981234567", "+52\(random.digits(10))", "+8001234567",
            "+8811234567", "+87012345678", "+882123456", "+2101234567", "9112001234", "3115551234", "2999991234",
            "1992001234", "3121111234", "3122111234", "3129501234", "3129581234", "3129591234", "4169501234",
            "3125551212", "3125550100", "4165551212", "8005551212", "9005551212", "5005551234", "8222001234",
            "8892001234", "6002341234", "6222341234", "2482001234", "\(geographic.prefix(3))0\(random.digits(6))",
            "sip:@host.example", "sip:", "sip:\(geographic)", "tel:", "sip:anonymous@anonymous.invalid",
            "<sip:\(geographic)@ANONYMOUS.INVALID:5060>", "sips:x@host",
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>", "\(geographic)x", "é\(geographic)", "tel:+1%2B312",
            "<>", "<sip:>", "< >", "+1-\(geographic)",
            "tel:\(geographic.suffix(7));phone-context=+1\(geographic.prefix(3))",
            "sip:\(geographic);phone-context=+1@h", "tel:\(geographic);phone-context=example.com",
            "tel:+1\(geographic);phone-context=+44", "sip:%2B1\(geographic)@h", "sip:\(geographic)%20@h",
            "sip:\(geographic)%zz@h", "sip: \(geographic)@h", "<sip:\(geographic)@h", "\t\(geographic)\n",
            "sip:%40\(geographic)@h", "tel:\(geographic)%3Bx", "tel:+1(\(geographic.prefix(3)))\(geographic.suffix(7))",
            "sip:\(geographic)@h;rn=3122000000;npdi", "sip:;npdi@h", "tel:;rn=3122000000", "\(geographic);npdi",
            "<tel:\(geographic)>;npdi", "sip:Anonymous;npdi;rn=\(geographic)@h", "tel:123;npdi",
        ]
        return random.pick(choices)
    }

    /// The same number as some header would carry it.
    func written(_ number: String, _ random: inout SplitMix, parameters: String = "") -> String {
        var digits = number
        if digits.count == 10, isDigits(digits) {
            let area = digits.prefix(3)
            let rest = digits.dropFirst(3)
            let choices: [(weight: Int, element: String)] = [
                (30, digits), (20, "+1\(digits)"), (15, "1\(digits)"),
                (4, "\(area)-\(rest.prefix(3))-\(rest.dropFirst(3))"),
                (4, "(\(area)) \(rest.prefix(3)).\(rest.dropFirst(3))"), (4, "+1 \(area) \(rest)"),
                (3, "%2B1\(digits)"), (2, " \(digits) "),
            ]
            digits = random.pick(weighted: choices)
        }
        if digits.contains("@") || digits.contains("<") || digits.contains(":") { return digits }
        if digits.hasPrefix("%"), parameters.isEmpty, random.chance(50) { return "tel:" + digits }
        let needsURI = digits.hasPrefix("%") || !parameters.isEmpty
        let choices: [(weight: Int, element: String)] = [
            (needsURI ? 0 : 40, digits), (20, "sip:\(digits)\(parameters)@10.0.0.1"),
            (10, "<sip:\(digits)\(parameters)@sbc.example:5060;user=phone>"),
            (10, "\"Doe, Jane\" <sip:\(digits)\(parameters)@h>;tag=1"),
            (5, "SIPS:\(digits)\(parameters)@h?subject=x"), (10, "tel:\(digits)\(parameters)"),
            (needsURI ? 0 : 3, "\(digits)@host"), (2, "  <tel:\(digits)\(parameters)>  "),
        ]
        return random.pick(weighted: choices)
    }

    /// Parameters of a user part, good and bad ones.
    func porting(_ random: inout SplitMix) -> String {
        let routing = random.pick(routing)
        let choices: [String] = [
            "", ";npdi", ";NPDI=yes", ";npdi=no", ";npdi=1", ";npdi=", ";rn=\(routing)", ";rn=+1\(routing)",
            ";rn=1\(routing);npdi", ";npdi=TRUE;RN=+1-\(routing.prefix(3))-\(routing.suffix(7))",
            ";rn=\(routing);rn=3122000000", ";rn;npdi", ";rn=;npdi=yes", ";rn=3125550000", ";rn=3129761234",
            ";rn=8002001234", ";rn=+14162341234;npdi", ";rn=12345", ";foo=bar;rn=\(routing)", ";npdi;cic=+10288",
            ";rn=2342340000",
        ]
        return random.pick(choices)
    }
}
