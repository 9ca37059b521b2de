/// Plans to validate: valid ones, and ones in which something was changed.
struct PlanBreaker: Sendable {
    private static let values: [JSON] = [
        .integer(5), .integer(0), .integer(-1), .integer(3601), .number("6.5"), true, .null, "", "abc", "-1", "1e3",
        "+1",
        "0.12345678", "0.123", "1234567890", ".5", "1.", "101", "100.0000001", "11", "24:00", "23:59", "25:00", "8:00",
        "08:60", "Mars/Olympus", "sms/1", "percent", .array([]), .object([:]), ["x"], [1, 1], [8], [.integer(1), "2"],
    ]
    private static let names = [
        "surprise", "112", "31", "3122001", "1", "+44", "44", "911", "811", "rate", "local", "a/b~c",
    ]

    static func validation(_ world: World, _ random: inout SplitMix) -> JSON {
        let plan = random.pick(world.plans.isEmpty ? [["type": "api", "rates": ["schema": "api/1"]]] : world.plans)
        let type = random.chance(4) ? random.pick(["voice", "tollfree", "sms", "api"]) : plan["type"].string ?? ""
        var rates = plan["rates"].members
        if random.chance(40) { rates.merge(InvoiceMaker.modifiers(&random)) { $1 } }
        var broken = JSON.object(rates)
        for _ in 0..<random.pick([0, 1, 1, 2, 3]) { broken = change(broken, "", &random) }
        return ["type": .string(type), "rates": broken]
    }

    /// Changes one thing somewhere below.
    private static func change(_ value: JSON, _ name: String, _ random: inout SplitMix) -> JSON {
        switch value {
        case .object(let members):
            if random.chance(15) { return value.setting(random.pick(names), random.pick(values)) }
            let keys = members.keys.sorted()
            if keys.isEmpty { return value }
            let key = random.pick(keys)
            // What an unreadable bound or list of days does to its neighbours is left open by P6 and P7.
            if ["from", "to", "days"].contains(key), !random.chance(30) { return value }
            if random.chance(15) { return value.setting(key, nil) }
            return value.setting(key, change(members[key] ?? .null, key, &random))
        case .array(var elements) where !elements.isEmpty && name != "days" && random.chance(85):
            let index = random.number(0...elements.count - 1)
            if name == "tiers", index == 0 { return value }
            elements[index] = change(elements[index], name, &random)
            return .array(elements)
        default:
            if name == "days" { return random.pick([[1, 1], [8], [.integer(1), .integer(0)], .array([])]) }
            if name == "from" || name == "to" {
                return random.pick(["24:00", "8:00", "25:00", .integer(5), "00:00", "0", "70"])
            }
            if name.isEmpty, random.chance(95) { return value }
            return random.pick(values)
        }
    }
}
