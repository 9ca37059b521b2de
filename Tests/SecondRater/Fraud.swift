import BigInt

/// Section F.
extension SecondRater {
    private struct Check {
        let name: String
        let value: String
        let isTrue: Bool
        let actions: [String]
    }

    mutating func fraud(_ input: JSON) -> JSON {
        rule("F7")
        let events = input["events"].elements.enumerated().map { index, event in
            (at: Calendar.instant(event["at"].string ?? "") ?? 0, index: index, event: event)
        }.sorted { ($0.at, $0.index) < ($1.at, $1.index) }
        var seen: [(at: Int, event: JSON)] = []
        var newCountries: [(at: Int, customer: String)] = []
        var fired: Set<String> = []
        var alerts: [JSON] = []
        for (at, _, event) in events {
            let customer = event["customer"].string ?? ""
            seen.append((at, event))
            let earlier = seen.dropLast().filter { $0.event["customer"].string == customer }
            let own = earlier + [(at: at, event: event)]
            let type = event["type"].string ?? ""
            if type == "call_start", isNewCountry(event, at: at, earlier) {
                newCountries.append((at, customer))
            }
            let checks: [Check]
            switch type {
            case "call_start":
                rule("F1", "F6")
                let calls = own.filter { $0.event["type"].string == type && $0.at > at - 60_000 }.count
                let countries = newCountries.filter { $0.customer == customer && $0.at > at - 86_400_000 }.count
                let actions = ["notify_customer", "require_manual_review"]
                checks = [
                    Check(name: "calls_per_minute", value: "\(calls)", isTrue: calls > 10, actions: actions),
                    Check(name: "unusual_destination", value: "\(countries)", isTrue: countries >= 3, actions: actions),
                ]
            case "charge":
                let charges = own.filter { $0.event["type"].string == type }
                checks = chargeChecks(charges, at: at, mark: input["high_water_marks"][customer].decimal)
            default:
                rule("F5")
                let failures = own.filter { $0.event["type"].string == type && $0.at > at - 86_400_000 }.count
                checks = [
                    Check(
                        name: "multiple_payment_failures", value: "\(failures)", isTrue: failures >= 3,
                        actions: ["notify_customer", "suspend_service"])
                ]
            }
            for check in checks {
                let key = customer + "|" + check.name
                if check.isTrue, !fired.contains(key) {
                    alerts.append(
                        .object([
                            "customer": .string(customer), "check": .string(check.name),
                            "at": .string(Calendar.text(instant: at)), "value": .string(check.value),
                            "actions": .strings(check.actions),
                        ]))
                }
                if check.isTrue { fired.insert(key) } else { fired.remove(key) }
            }
        }
        return .object(["alerts": .array(alerts)])
    }

    /// F6
    private func isNewCountry(_ event: JSON, at: Int, _ earlier: [(at: Int, event: JSON)]) -> Bool {
        guard let country = event["country"].string, !isDomestic(country) else { return false }
        return !earlier.contains {
            $0.event["type"].string == "call_start" && $0.event["country"].string == country
                && $0.at >= at - 30 * 86_400_000
        }
    }

    /// F2 to F4
    private mutating func chargeChecks(_ charges: [(at: Int, event: JSON)], at: Int, mark: Rational?) -> [Check] {
        rule("F2", "F3")
        func sum(_ seconds: Int) -> Rational {
            charges.filter { $0.at > at - seconds * 1000 }.reduce(.zero) { $0 + ($1.event["amount"].decimal ?? .zero) }
        }
        let all = ["notify_customer", "require_manual_review", "suspend_service"]
        let spend = sum(3600)
        let abroad = charges.filter { $0.at > at - 86_400_000 && $0.event["international"].isTrue }
            .reduce(0) { $0 + ($1.event["billed_seconds"].integer ?? 0) }
        var checks = [
            Check(name: "spend_per_hour", value: spend.text(5), isTrue: spend > Rational(100), actions: all),
            Check(name: "international_minutes", value: "\(abroad)", isTrue: abroad > 3600, actions: all),
        ]
        if let mark, mark > .zero {
            rule("F4")
            let depletion = sum(900)
            checks.append(
                Check(
                    name: "rapid_balance_depletion", value: depletion.text(5),
                    isTrue: depletion * Rational(2) >= mark, actions: ["notify_customer", "require_manual_review"]))
        }
        return checks
    }
}
