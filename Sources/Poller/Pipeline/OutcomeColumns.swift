import Core
import Drivers
import Reference

/// The columns of the outcome tables, in the order in which they are written, by binary COPY.
enum OutcomeColumns {
    private static let head = [
        "id", "rated_seq", "usage_day", "raw_day", "raw_seq", "source", "received_at", "rated_at", "corrects",
    ]

    static let call =
        head + [
            "sip_uuid", "sip_callid", "customer_id", "customer_ban", "status", "flags", "direction", "answered",
            "rating_instant", "start_stamp", "answer_stamp", "end_stamp", "duration_ms", "billed_seconds",
            "ani", "ani_kind", "ani_source", "ani_lrn", "ani_lrn_source", "ani_state", "ani_lata", "ani_ocn",
            "ani_rate_center",
            "dni", "dni_kind", "dni_country", "dni_lrn", "dni_lrn_source", "dni_state", "dni_lata", "dni_ocn",
            "dni_rate_center", "resporg", "cic", "ring_to", "jurisdiction", "tax_jurisdiction", "class_key", "sku",
            "rate_plan_id", "rate_prefix", "rate_per_minute", "charge", "vendor", "vendor_trunk", "vendor_rate_prefix",
            "vendor_rate", "vendor_billed_seconds", "vendor_cost", "margin", "margin_percentage", "ref_version",
        ]

    static let message =
        head + [
            "message_id", "customer_id", "customer_ban", "status", "flags", "direction", "message_status",
            "rating_instant", "source_number", "destination_number", "country", "carrier", "encoding", "units",
            "jurisdiction", "tax_jurisdiction", "class_key", "sku", "rate_plan_id", "rate", "surcharge",
            "charge", "vendor", "vendor_rate", "vendor_fee", "vendor_cost", "margin", "margin_percentage",
            "ref_version",
        ]

    static let query =
        head + [
            "usage_id", "customer_id", "customer_ban", "status", "flags", "api", "query_status", "rating_instant",
            "units", "tax_jurisdiction", "class_key", "sku", "rate_plan_id", "rate", "charge", "vendor", "vendor_rate",
            "vendor_cost", "margin", "margin_percentage", "ref_version",
        ]

    static let attempt = [
        "id", "vendor_cdr_seq", "usage_day", "raw_day", "raw_seq", "customer_cdr_id", "sip_uuid", "sip_callid",
        "vendor_name", "vendor_trunk", "attempt_number", "start_stamp", "answer_stamp", "end_stamp", "disposition",
        "sip_response_code", "pdd_ms", "mos_score", "packet_loss", "jitter_ms", "latency_ms", "ani", "dni", "class_key",
        "rate_prefix", "billed_seconds", "vendor_rate", "vendor_cost", "flags", "ref_version", "created_at",
    ]

    static let parked = [
        "kind", "id", "raw_day", "raw_seq", "source", "received_at", "status", "flags", "customer_ban", "natural_key",
        "conflicts_with", "waits_for", "evidence", "ref_version", "parked_at", "retry_at",
    ]
}

extension StoredUsage {
    /// Writes the row of its service's table.
    func write(to row: CopyWriter, number: Int64, ratedAt: Instant) {
        row.identifier(usage.id.value)
        row.int8(number)
        row.day(usage.usageDay)
        row.day(self.row.day)
        row.int8(self.row.number)
        row.text(self.row.source)
        row.instant(self.row.receivedAt)
        row.instant(ratedAt)
        row.identifier(corrects?.value)
        row.text(usage.key)
        switch (usage.evidence, extras) {
        case (.call(let call), .call(let sipCallID, let start, let answer, let end, let trunk)):
            row.text(sipCallID)
            writeCustomer(to: row)
            row.text(call.direction?.rawValue)
            row.bool(call.answered)
            row.instant(usage.ratingInstant)
            row.instant(start)
            row.instant(answer)
            row.instant(end)
            writeCall(call, trunk: trunk, to: row)
        case (.message(let message), .message(let status)):
            writeCustomer(to: row)
            row.text(message.direction?.rawValue)
            row.text(status)
            writeMessage(message, to: row)
        case (.query(let query), .query(let status)):
            writeCustomer(to: row)
            row.text(query.api)
            row.text(status)
            writeQuery(query, to: row)
        case (.call, _), (.message, _), (.query, _):
            preconditionFailure("a record's extras are of its own service")
        }
        row.percentage(usage.marginPercentage)
        row.text(usage.refVersion)
    }

    private func writeCustomer(to row: CopyWriter) {
        row.identifier(usage.customerID?.value)
        row.text(usage.customerBAN?.text)
        row.text(usage.status.rawValue)
        row.textArray(usage.flags.names)
    }

    private func writeClass(to row: CopyWriter) {
        row.text(usage.taxJurisdiction.rawValue)
        row.text(usage.classKey?.text)
        row.text(usage.sku)
        row.text(usage.ratePlanID)
    }

    private func writeCall(_ call: CallEvidence, trunk: String?, to row: CopyWriter) {
        row.int8(call.durationMilliseconds)
        row.int8(call.billedSeconds.map(Int64.init))
        row.text(call.ani?.text)
        row.text(call.aniKind?.rawValue)
        row.text(call.aniSource.rawValue)
        write(call.aniParty, to: row)
        row.text(call.dnis?.text)
        row.text(call.dnisKind.rawValue)
        row.text(call.dnisCountry)
        write(call.dnisParty, to: row)
        row.text(call.respOrg)
        row.text(call.cic)
        row.text(call.ringTo)
        row.text(call.jurisdiction.rawValue)
        writeClass(to: row)
        row.text(call.ratePrefix)
        row.rate(usage.rate)
        row.money(usage.charge, .charge)
        row.text(usage.vendor?.text)
        row.text(trunk)
        row.text(call.vendorRatePrefix)
        row.rate(usage.vendorRate)
        row.int8(call.vendorBilledSeconds.map(Int64.init))
        row.money(usage.vendorCost, .charge)
        row.money(usage.margin, .charge)
    }

    private func write(_ party: PartyEvidence, to row: CopyWriter) {
        row.text(party.lrn?.text)
        row.text(party.lrnSource.rawValue)
        row.text(party.state)
        row.text(party.lata)
        row.text(party.ocn)
        row.text(party.rateCenter)
    }

    private func writeMessage(_ message: MessageEvidence, to row: CopyWriter) {
        row.instant(usage.ratingInstant)
        row.text(message.source?.text)
        row.text(message.destination?.text)
        row.text(message.country)
        row.text(message.carrier)
        row.text(message.encoding?.rawValue)
        row.int8(message.units.map(Int64.init))
        row.text(message.jurisdiction.rawValue)
        writeClass(to: row)
        row.rate(usage.rate)
        row.rate(message.surcharge)
        row.money(usage.charge, .charge)
        row.text(usage.vendor?.text)
        row.rate(usage.vendorRate)
        row.rate(message.vendorFee)
        row.money(usage.vendorCost, .charge)
        row.money(usage.margin, .charge)
    }

    private func writeQuery(_ query: QueryEvidence, to row: CopyWriter) {
        row.instant(usage.ratingInstant)
        row.int8(query.units.map(Int64.init))
        writeClass(to: row)
        row.rate(usage.rate)
        row.money(usage.charge, .charge)
        row.text(usage.vendor?.text)
        row.rate(usage.vendorRate)
        row.money(usage.vendorCost, .charge)
        row.money(usage.margin, .charge)
    }
}

extension StoredAttempt {
    /// Writes the row of `vendor_cdr`.
    func write(to row: CopyWriter, number: Int64, at now: Instant) {
        row.identifier(self.row.id.value)
        row.int8(number)
        row.day(day)
        row.day(self.row.day)
        row.int8(self.row.number)
        row.identifier(callID?.value)
        row.text(attempt.sipUUID)
        row.text(attempt.sipCallID)
        row.text(attempt.vendor.text)
        row.text(attempt.vendorTrunk)
        row.int4(Int32(clamping: attempt.attemptNumber))
        row.instant(attempt.start.instant)
        row.instant(attempt.answer.instant)
        row.instant(attempt.end.instant)
        row.text(attempt.disposition)
        row.int4(attempt.sipResponseCode.map { Int32(clamping: $0) })
        row.int4(attempt.pddMilliseconds.map { Int32(clamping: $0) })
        row.numeric(units: attempt.quality.opinionScoreHundredths.map(Int64.init), scale: 2)
        row.numeric(units: attempt.packetLossHundredths.map(Int64.init), scale: 2)
        row.int4(attempt.jitterMilliseconds.map { Int32(clamping: $0) })
        row.int4(attempt.latencyMilliseconds.map { Int32(clamping: $0) })
        row.text(ani)
        row.text(dni)
        row.text(classKey?.text)
        row.text(ratePrefix)
        row.int8(billedSeconds.map(Int64.init))
        row.rate(rate)
        row.money(cost, .charge)
        row.textArray(flags.names)
        row.text(refVersion)
        row.instant(now)
    }
}

extension ParkedUsage {
    /// Writes the row of `unrated_usage`.
    func write(to row: CopyWriter, at now: Instant) {
        row.text(self.row.kind.fact.rawValue)
        row.identifier(self.row.id.value)
        row.day(self.row.day)
        row.int8(self.row.number)
        row.text(self.row.source)
        row.instant(self.row.receivedAt)
        row.text(status.rawValue)
        row.textArray(flags)
        row.text(customerBAN)
        row.text(self.row.key)
        row.identifier(conflictsWith?.value)
        row.identifier(waitsFor?.value)
        row.jsonb(utf8: evidence[...])
        row.text(refVersion)
        row.instant(now)
        row.instant(retryAt)
    }
}
