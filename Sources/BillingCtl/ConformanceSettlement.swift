import Core

/// The kinds of cases that the ledger, invoicing and reconciliation answer.
struct SettlementConformance {
    let skus: SKUMap
    let taxRules: TaxRules
    let numbers: NumberPlan

    /// The parts of a reference directory that these kinds need: `sku_map.json`, `taxes.json`, the numbering plan.
    init(skuMap: JSONValue, taxes: JSONValue, numbers: NumberPlan) throws {
        self.numbers = numbers
        let rows = try (skuMap.fields ?? []).map { row in
            (row.name, try ConformanceInput(row.value, path: "/\(row.name)").text())
        }
        skus = SKUMap(Dictionary(uniqueKeysWithValues: rows))
        let taxes = ConformanceInput(taxes)
        taxRules = TaxRules(
            usf: try taxes.required("usf").list().map {
                TaxRules.USFFactor(
                    effective: try $0.required("effective").day(), factor: try $0.required("factor").factor())
            },
            rows: try taxes.required("rules").list().map { row in
                TaxRow(
                    id: try row.required("id").text(), state: try row.required("state").text(),
                    kind: try SettlementConformance.taxKind(row))
            })
    }

    private static func taxKind(_ row: ConformanceInput) throws -> TaxRow.Kind {
        switch try row.required("kind").text() {
        case "percent":
            .percent(
                try row.required("rate").factor(),
                of: Set(try (row["base"]?.list() ?? []).map { try $0.word(TaxRow.Base.self) }))
        case "per_line": .perLine(try row.required("amount").money())
        default: throw ConformanceError(description: "\(row.path)/kind is not a kind of tax")
        }
    }

    /// The result of a case; nil for a kind that is not one of these.
    func run(kind: String, input: JSONValue) throws -> JSONValue? {
        let input = ConformanceInput(input)
        return switch kind {
        case "wallet": try WalletCase.run(input)
        case "max_seconds": try WalletCase.maximumSeconds(input)
        case "fraud": try fraud(input)
        case "mos": try mos(input)
        case "vendor_performance": try vendorPerformance(input)
        case "vendor_period": try vendorPeriod(input)
        case "reconcile": try reconcile(input)
        case "invoice": try invoice(input)
        case "cycle": try cycle(input)
        case "aging": try aging(input)
        case "usage_summary": try usageSummary(input)
        case "fee": try fee(input)
        default: nil
        }
    }

    /// Events of all customers in one order: time, then input order.
    private func fraud(_ input: ConformanceInput) throws -> JSONValue {
        let marks = input["high_water_marks"]
        let events = try input.required("events").list()
            .map { event in
                let customer = try event.required("customer").text()
                return (customer, try fraudEvent(event, highWaterMark: try marks?[customer]?.money(.ledger)))
            }
            .enumerated().sorted { ($0.element.1.at, $0.offset) < ($1.element.1.at, $1.offset) }.map(\.element)
        var windows: [String: SpendWindows] = [:]
        var alerts: [JSONValue] = []
        for (customer, event) in events {
            for alert in windows[customer, default: SpendWindows()].observe(event) {
                alerts.append(
                    .fields([
                        "customer": .string(customer), "check": .string(alert.check.rawValue),
                        "at": .string(alert.at.text), "value": .string(alert.value.text),
                        "actions": .array(alert.actions.map { .string($0.rawValue) }),
                    ]))
            }
        }
        return .fields(["alerts": .array(alerts)])
    }

    private func fraudEvent(_ event: ConformanceInput, highWaterMark: Money?) throws -> FraudEvent {
        let kind: FraudEvent.Kind
        switch try event.required("type").text() {
        case "call_start": kind = .callStart(country: try event["country"]?.text())
        case "charge":
            kind = .charge(
                try event["amount"]?.money(.charge) ?? .zero,
                billedSeconds: try event["billed_seconds"]?.integer() ?? 0,
                isInternational: try event["international"]?.bool() ?? false, highWaterMark: highWaterMark)
        case "payment_failed": kind = .paymentFailed
        default: throw ConformanceError(description: "\(event.path)/type is not a kind of event")
        }
        return FraudEvent(at: try event.required("at").instant(), kind)
    }

    private func vendorPeriod(_ input: ConformanceInput) throws -> JSONValue {
        let period = VendorPeriod(
            try input.required("cycle").word(), netDays: try input.required("net_days").integer(in: 0...36_600),
            containing: try input.required("date").day())
        return .fields([
            "period_start": .string(period.start.text), "period_end": .string(period.end.text),
            "invoice_date": .string(period.invoiceDate.text), "due_date": .string(period.dueDate.text),
            "pay_date": .string(period.payDate.text),
        ])
    }
}
