import Core

extension SettlementConformance {
    /// One call's opinion score (rule Q4).
    func mos(_ input: ConformanceInput) throws -> JSONValue {
        .fields(["mos": .hundredths(try quality(input).opinionScoreHundredths.map(Int64.init))])
    }

    /// A vendor's figures, score and adjustment (section Q).
    func vendorPerformance(_ input: ConformanceInput) throws -> JSONValue {
        let measures = try input.required("cdrs").list().compactMap(attempt)
        let card = Scorecard(measures, targets: try targets(input["targets"]))
        var fields: [JSONValue.Field] = [
            .init(name: "attempts", value: .count(card.attempts)),
            .init(name: "answered", value: .count(card.answered)),
            .init(name: "asr", value: .optional(card.asr?.text)),
            .init(name: "ner", value: .optional(card.ner?.text)),
            .init(name: "acd", value: .hundredths(card.acdHundredths)),
            .init(name: "pdd_p50_ms", value: .count(card.pddP50Milliseconds)),
            .init(name: "pdd_p95_ms", value: .count(card.pddP95Milliseconds)),
            .init(name: "mos", value: .hundredths(card.mosHundredths.map(Int64.init))),
            .init(name: "total_cost", value: .money(card.totalCost, .charge)),
            .init(name: "cost_per_successful_call", value: .money(card.costPerSuccessfulCall, .charge)),
            .init(name: "score", value: .optional(card.score?.text)),
            .init(name: "grade", value: .optional(card.grade)),
        ]
        if let sla = input["sla"] {
            let adjustment = VendorAdjustment(card, sla: try self.sla(sla))
            fields += [
                .init(name: "breaches", value: .array(adjustment.breaches.map { .string($0.rawValue) })),
                .init(name: "adjustment_pct", value: .count(adjustment.percent)),
                .init(
                    name: "adjustment",
                    value: .money(try (input["payable"]?.money()).map { adjustment.amount(on: $0) }, .cents)),
            ]
        }
        return .object(fields)
    }

    private func attempt(_ cdr: ConformanceInput) throws -> AttemptMeasure? {
        AttemptMeasure(
            disposition: try cdr["disposition"]?.text(), sipResponseCode: try cdr["sip_response_code"]?.integer(),
            pddMilliseconds: try cdr["pdd_ms"]?.integer(), start: Stamp(parsing: try cdr["start_stamp"]?.text()),
            answer: Stamp(parsing: try cdr["answer_stamp"]?.text()), end: Stamp(parsing: try cdr["end_stamp"]?.text()),
            created: Stamp(parsing: try cdr["created_at"]?.text()), quality: try quality(cdr),
            cost: try cdr["vendor_cost"]?.money())
    }

    private func quality(_ input: ConformanceInput) throws -> CallQuality {
        CallQuality(
            mosHundredths: try input["mos_score"].map { Int(try $0.decimal(2)) },
            packetLossHundredths: try input["packet_loss"].map { Int(try $0.decimal(2)) },
            jitterMilliseconds: try input["jitter_ms"]?.integer(),
            latencyMilliseconds: try input["latency_ms"]?.integer())
    }

    private func targets(_ input: ConformanceInput?) throws -> ScoreTargets {
        var targets = ScoreTargets()
        func read(_ name: String) throws -> Int64? {
            guard let target = input?[name] else { return nil }
            if let whole = target.value.integer { return Int64(whole) * 100_000 }
            return try target.decimal(5)
        }
        if let asr = try read("asr") { targets.asr = asr }
        if let ner = try read("ner") { targets.ner = ner }
        if let pdd = try read("pdd") { targets.pdd = pdd }
        if let mos = try read("mos") { targets.mos = mos }
        if let acd = try read("acd") { targets.acd = acd }
        if let cost = try read("cost") { targets.cost = cost }
        return targets
    }

    private func sla(_ input: ConformanceInput) throws -> VendorSLA {
        VendorSLA(
            asrMinimum: try input["asr_min"].map { Percentage(hundredths: try $0.decimal(2)) },
            nerMinimum: try input["ner_min"].map { Percentage(hundredths: try $0.decimal(2)) },
            pddP95MaximumMilliseconds: try input["pdd_p95_max_ms"]?.integer(),
            mosMinimumHundredths: try input["mos_min"].map { Int(try $0.decimal(2)) })
    }

    /// Our records against a statement (section C).
    func reconcile(_ input: ConformanceInput) throws -> JSONValue {
        let ours = try input.required("ours").list().map { try record($0, id: try $0.required("id").text()) }
        let theirs = try input.required("theirs").list().map { try record($0, id: try $0.required("line").integer()) }
        let matching = Matching(.calls, ours: ours, theirs: theirs)
        let isOpen = Dispute.isOpen(
            on: try input.required("dispute_date").day(), vendorInvoiceDate: try input.required("invoice_date").day())
        let totals = matching.totals
        return .fields([
            "results": .array(matching.matches.map(result)),
            "ignored_ours": .count(matching.ignoredOurs), "ignored_theirs": .count(matching.ignoredTheirs),
            "totals": .fields([
                "calls": measure(totals.calls) { String($0) },
                "billed_seconds": measure(totals.billed) { String($0) },
                "cost": measure(totals.cost) { Money(units: $0).rounded(to: .charge).text(.charge) },
            ]),
            "dispute_open": .bool(isOpen),
            "disputable": .money(isOpen ? matching.disputable : .zero, .charge),
        ])
    }

    private func record<ID>(_ input: ConformanceInput, id: ID) throws -> StatementRecord<ID> {
        StatementRecord(
            id: id, callID: try input["callid"]?.text() ?? "",
            ani: numbers.normalize(try input["ani"]?.text()).number,
            dnis: numbers.normalize(try input["dni"]?.text()).number, start: try input.required("start").instant(),
            billed: try input["billed_seconds"]?.integer() ?? 0, rate: try input["rate"]?.rate(),
            cost: try input["cost"]?.money() ?? .zero)
    }

    private func result(_ match: Match<String, Int>) -> JSONValue {
        .fields([
            "ours": .optional(match.ours?.id), "theirs": .count(match.theirs?.id),
            "status": .string(match.status.rawValue),
            "issues": .array(match.issues.map { .string($0.rawValue) }),
            "cost_delta": .money(match.costDelta, .charge),
        ])
    }

    private func measure(_ discrepancy: Discrepancy, _ text: (Int64) -> String) -> JSONValue {
        .fields([
            "ours": .string(text(discrepancy.ours)), "theirs": .string(text(discrepancy.theirs)),
            "delta": .string(text(discrepancy.delta)), "delta_pct": .optional(discrepancy.percentage?.text),
            "discrepancy": .bool(discrepancy.isDiscrepancy),
        ])
    }
}
