import Core

extension SettlementConformance {
    /// One customer's invoice (sections I, T).
    func invoice(_ input: ConformanceInput) throws -> JSONValue {
        let customer = try input.required("customer")
        let modifiers = try input["modifiers"].map { try InvoiceModifiers(planRates: $0.value) } ?? InvoiceModifiers()
        let terms = InvoiceTerms(
            invoiceDate: try input.required("invoice_date").day(),
            daysInMonth: try input.required("period_days").integer(in: 1...366),
            activeDays: try input["active_days"]?.integer(in: 0...366),
            payment: try customer["payment_terms"]?.word() ?? .net30, tax: try taxProfile(customer),
            modifiers: modifiers)
        let records = try billableRecords(try input.required("records").list())
        let usage = InvoiceUsage(groups: UsageGroup.groups(of: records, bundles: modifiers.bundles))
        let draft = InvoiceDraft(usage, terms: terms, skus: skus, taxRules: taxRules)
        return .fields([
            "lines": .array(draft.lines.map(line)),
            "subtotal": .money(draft.subtotal, .cents),
            "taxes": .array(
                draft.taxes.map {
                    .fields([
                        "id": .string($0.id), "amount": .money($0.amount, .cents), "exempt": .bool($0.isExempt),
                    ])
                }),
            "tax_total": .money(draft.taxTotal, .cents), "total": .money(draft.total, .cents),
            "due_date": .string(draft.dueDate.text),
            "form499": .fields([
                "class": .string(draft.form499.customer.rawValue),
                "interstate": .money(draft.form499.interstate, .charge),
                "international": .money(draft.form499.international, .charge),
                "intrastate": .money(draft.form499.intrastate, .charge),
                "non_telecom": .money(draft.form499.nonTelecom, .charge),
            ]),
        ])
    }

    private func line(_ line: InvoiceLine) -> JSONValue {
        .fields([
            "class_key": .string(line.classKey.text), "sku": .optional(line.sku?.text),
            "gross": .money(line.gross, .charge),
            "bundle_credit": .money(line.bundleCredit, .charge),
            "volume_discount": .money(line.volumeDiscount, .charge),
            "promo_credit": .money(line.promotionCredit, .charge), "net": .money(line.net, .charge),
            "amount": .money(line.amount, .cents), "export": .string(line.export.rawValue),
        ])
    }

    private func taxProfile(_ customer: ConformanceInput) throws -> TaxProfile {
        var profile = TaxProfile(
            serviceState: try customer["service_state"]?.text(),
            lines: try customer["lines"]?.integer(in: 0...10_000_000) ?? 0)
        profile.isWholesale = try customer["wholesale"]?.bool() ?? false
        profile.exemptions = try (customer["exemptions"]?.list() ?? []).map {
            TaxExemption(
                tax: try $0.required("tax").text(), validFrom: try $0.required("valid_from").day(),
                validTo: try $0["valid_to"]?.day())
        }
        if let piu = try customer["indeterminate_piu"]?.factor() { profile.indeterminatePIU = piu }
        if let piu = try customer["recurring_piu"]?.factor() { profile.recurringPIU = piu }
        if let covered = try customer["usf_international"]?.bool() { profile.usfCoversInternational = covered }
        return profile
    }

    /// The rated records. Ids of cases are any text: their rank stands for them.
    private func billableRecords(_ inputs: [ConformanceInput]) throws -> [BillableRecord] {
        let rated = try inputs.filter { try $0.required("status").text() == "rated" }
        let ids = try rated.map { try $0["id"]?.text() ?? "" }
        let ranks = Dictionary(uniqueKeysWithValues: Set(ids).sorted().enumerated().map { ($1, UInt64($0)) })
        return try zip(rated, ids).map { record, id in
            BillableRecord(
                id: UsageID(Identifier128(high: 0, low: ranks[id] ?? 0)),
                key: UsageGroupKey(
                    ClassKey(try record.required("class_key").text()),
                    try record["tax_jurisdiction"]?.word() ?? TaxJurisdiction.none),
                instant: try record.required("instant").instant(),
                billedSeconds: try record["billed_seconds"]?.integer() ?? 0,
                units: try record["units"]?.integer() ?? 0, ratePerMinute: try record["rate_per_minute"]?.rate(),
                charge: try record.required("charge").money(.charge))
        }
    }

    /// The period of an instant (rule I1).
    func cycle(_ input: ConformanceInput) throws -> JSONValue {
        let zone = try input["timezone"]?.text() ?? "UTC"
        guard let clock = ZoneClock(identifier: zone) else {
            throw ConformanceError(description: "/timezone is not a time zone")
        }
        let length: BillingCycle.Length
        switch try input.required("cycle").text() {
        case "daily": length = .daily
        case "weekly": length = .weekly
        case "monthly": length = .monthly
        default: throw ConformanceError(description: "/cycle is not a cycle")
        }
        let anchor = try input["anchor_day"]?.integer() ?? 1
        guard (1...28).contains(anchor) else { throw ConformanceError(description: "/anchor_day is not in 1…28") }
        let period = BillingCycle(length, anchorDay: anchor, clock: clock)
            .period(containing: try input.required("instant").instant())
        return .fields([
            "period_start": .string(period.start.text), "period_end": .string(period.end.text),
            "utc_start": .string(period.instants.lowerBound.text), "utc_end": .string(period.instants.upperBound.text),
            "invoice_date": .string(period.invoiceDate.text),
        ])
    }

    /// Open invoices on a day (rule I6).
    func aging(_ input: ConformanceInput) throws -> JSONValue {
        let day = try input.required("as_of").day()
        let lateFee = try input["late_fee_pct"]?.percent()
        var buckets: [AgingBucket: Money] = [:]
        let invoices = try input.required("invoices").list().map { invoice in
            let aging = InvoiceAging(
                total: try invoice.required("total").money(.cents), paid: try invoice["paid"]?.money(.cents) ?? .zero,
                dueDate: try invoice.required("due_date").day(), asOf: day, lateFeePercent: lateFee)
            if let bucket = aging.bucket { buckets[bucket, default: .zero] += aging.open }
            return JSONValue.fields([
                "id": .optional(try invoice["id"]?.text()), "open": .money(aging.open, .cents),
                "days_late": .count(aging.daysLate), "bucket": .optional(aging.bucket?.rawValue),
                "overdue": .bool(aging.isOverdue), "late_fee": .money(aging.lateFee, .cents),
            ])
        }
        let sums = AgingBucket.allCases.map {
            JSONValue.Field(name: $0.rawValue, value: .money(buckets[$0] ?? .zero, .cents))
        }
        return .fields(["invoices": .array(invoices), "buckets": .object(sums)])
    }

    /// Customer-days (rule I7).
    func usageSummary(_ input: ConformanceInput) throws -> JSONValue {
        struct CustomerDay: Hashable {
            let ban: String
            let day: UsageDay
        }
        var days: [CustomerDay: UsageSummary] = [:]
        for record in try input.required("records").list()
        where try record.required("status").text() == UsageStatus.rated.rawValue {
            let key = CustomerDay(
                ban: try record.required("customer_ban").text(), day: try record.required("usage_date").day())
            days[key, default: UsageSummary()].add(
                ClassKey(try record.required("class_key").text()), charge: try record.required("charge").money(.charge),
                billedSeconds: try record["billed_seconds"]?.integer() ?? 0, units: try record["units"]?.integer() ?? 0)
        }
        let rows = days.sorted { ($0.key.ban, $0.key.day) < ($1.key.ban, $1.key.day) }.map { key, summary in
            JSONValue.fields([
                "customer_ban": .string(key.ban), "usage_date": .string(key.day.text),
                "voice_minutes": .string(UsageSummary.minutes(ofSeconds: summary.voiceSeconds)),
                "voice_charges": .money(summary.voiceCharges.rounded(to: .ledger), .ledger),
                "sms_count": .count(summary.messageUnits),
                "sms_charges": .money(summary.messageCharges.rounded(to: .ledger), .ledger),
                "toll_free_minutes": .string(UsageSummary.minutes(ofSeconds: summary.tollFreeSeconds)),
                "toll_free_charges": .money(summary.tollFreeCharges.rounded(to: .ledger), .ledger),
                "total_charges": .money(summary.totalCharges.rounded(to: .ledger), .ledger),
            ])
        }
        return .fields(["rows": .array(rows)])
    }

    /// What a processor keeps (rule I8).
    func fee(_ input: ConformanceInput) throws -> JSONValue {
        let method: PaymentMethodKind = try input.required("method").word()
        return .fields(["fee": .money(method.fee(on: try input.required("amount").money(.cents)), .cents)])
    }
}
