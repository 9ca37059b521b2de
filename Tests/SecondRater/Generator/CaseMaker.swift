/// One random case: its kind and its input.
public struct RandomCase: Sendable {
    public let kind: String
    public let input: JSON
}

/// Makes cases of every kind for a world.
public struct CaseMaker: Sendable {
    let world: World
    private let calls: CallMaker

    public init(_ world: World) {
        self.world = world
        calls = CallMaker(world: world)
    }

    private static let kinds: [(weight: Int, element: String)] = [
        (420, "voice"), (150, "message"), (60, "api"), (30, "batch"), (30, "charge"), (40, "duration"), (50, "band"),
        (70, "normalize"), (40, "ani"), (10, "margin"), (20, "max_seconds"), (40, "wallet"), (20, "segments"),
        (40, "validate_plan"), (15, "fraud"), (10, "mos"), (10, "vendor_performance"), (10, "vendor_period"),
        (25, "reconcile"), (30, "invoice"), (10, "cycle"), (5, "aging"), (10, "usage_summary"), (5, "fee"),
    ]

    public func next(_ random: inout SplitMix) -> RandomCase {
        let kind = random.pick(weighted: Self.kinds)
        return RandomCase(kind: kind, input: input(kind, &random))
    }

    private func input(_ kind: String, _ random: inout SplitMix) -> JSON {
        switch kind {
        case "voice": return calls.call(&random)
        case "message": return calls.message(&random)
        case "api": return calls.query(&random)
        case "batch": return calls.batch(&random)
        case "charge":
            return [
                "rate": .string(random.rate()), "billed_seconds": .integer(random.number(1...7200)),
                "terms": PlanMaker.allTerms(&random),
            ]
        case "duration": return duration(&random)
        case "band":
            return [
                "instant": .string(Calendar.text(instant: calls.instant(&random))), "rate": .string(random.rate()),
                "time_of_day": PlanMaker.timeOfDay(&random),
            ]
        case "normalize": return number(&random)
        case "ani":
            var input = calls.headers(&random)
            input["direction"] = calls.direction(&random)
            input["btn"] =
                random.chance(60) ? .string(random.pick(world.numbers.geographic + world.numbers.tollFree)) : .null
            return .object(input)
        case "margin": return ["rate": .string(random.rate()), "cost": .string(random.rate())]
        case "segments":
            return ["body": .string(calls.body(&random)), "coding": .integer(random.pick([0, 0, 8]))]
        case "validate_plan": return PlanBreaker.validation(world, &random)
        case "max_seconds": return WalletMaker.maxSeconds(&random)
        case "wallet": return WalletMaker.wallet(&random)
        case "fraud": return WalletMaker.fraud(&random)
        case "mos": return .object(VendorMaker.quality(&random))
        case "vendor_performance": return VendorMaker.performance(&random)
        case "vendor_period": return VendorMaker.period(&random)
        case "reconcile": return VendorMaker.reconcile(world.numbers, &random)
        case "invoice": return InvoiceMaker.invoice(&random)
        case "cycle": return InvoiceMaker.cycle(&random)
        case "aging": return InvoiceMaker.aging(&random)
        case "usage_summary": return InvoiceMaker.usageSummary(&random)
        default: return InvoiceMaker.fee(&random)
        }
    }

    private func duration(_ random: inout SplitMix) -> JSON {
        let call = calls.call(&random)
        var input: [String: JSON] = ["terms": PlanMaker.terms(&random)]
        input["answer"] = call["answer_stamp"] == .null ? "2025-03-12T15:00:00Z" : call["answer_stamp"]
        input["end"] = call["end_stamp"]
        return .object(input)
    }

    private func number(_ random: inout SplitMix) -> JSON {
        let numbers = world.numbers
        let number = random.chance(60) ? numbers.odd(&random) : numbers.any(&random)
        let parameters = random.chance(30) ? numbers.porting(&random) : ""
        var input: [String: JSON] = ["raw": .string(numbers.written(number, &random, parameters: parameters))]
        if random.chance(2) { input["raw"] = .null }
        if random.chance(30) { input["context"] = random.chance(80) ? "sms" : "voice" }
        return .object(input)
    }
}
