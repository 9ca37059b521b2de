/// The JSON form of rated usage: on the stream `usage:rated`, in BigQuery and in conformance results, with the same names.
extension RatedUsage {
    /// Writes the record as one JSON object. `shownID` replaces the id of a call, where a caller knows it under another.
    public func write(to writer: inout JSONWriter, shownID: String? = nil) {
        writer.object { writer in
            switch evidence {
            case .call(let call):
                writer.field("id", shownID ?? id.text)
                writer.field("sip_uuid", key)
                writeHead(to: &writer)
                call.write(to: &writer)
            case .message(let message):
                writer.field("id", key)
                writeHead(to: &writer)
                message.write(to: &writer)
            case .query(let query):
                writer.field("id", key)
                writeHead(to: &writer)
                writer.field("api", query.api)
                writer.field("units", query.units)
            }
            writeAmounts(to: &writer)
        }
    }

    /// The record as one JSON object.
    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 2_048)
        write(to: &writer)
        return writer.bytes
    }

    private func writeHead(to writer: inout JSONWriter) {
        writer.field("usage_id", id.text)
        writer.field("rated_seq", sequence)
        writer.field("service", service?.rawValue)
        writer.field("customer_ban", customerBAN?.text)
        writer.field("customer_id", customerID?.text)
        writer.field("rating_instant", ratingInstant?.text)
        writer.field("usage_date", usageDay?.text)
    }

    private func writeAmounts(to writer: inout JSONWriter) {
        writer.field("tax_jurisdiction", taxJurisdiction.rawValue)
        writer.field("class_key", classKey?.text)
        writer.field("sku", sku)
        writer.field("rate_plan_id", ratePlanID)
        if service == .voice {
            writer.field("rate_per_minute", rate?.text)
        } else {
            writer.field("rate", rate?.text)
        }
        writer.field("charge", charge?.text(.charge))
        writer.field("vendor", vendor?.text)
        writer.field("vendor_rate", vendorRate?.text)
        writer.field("vendor_cost", vendorCost?.text(.charge))
        writer.field("margin", margin?.text(.charge))
        writer.field("margin_percentage", marginPercentage?.text)
        writer.field("status", status.rawValue)
        writer.field("flags", flags.names)
        writer.field("ref_version", refVersion)
    }
}

extension CallEvidence {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.field("direction", direction?.rawValue)
        writer.field("answered", answered)
        writer.field("duration_ms", durationMilliseconds)
        writer.field("ani", ani?.text)
        writer.field("ani_kind", aniKind?.rawValue)
        writer.field("ani_source", aniSource.rawValue)
        writer.field("ani_lrn", aniParty.lrn?.text)
        writer.field("ani_lrn_source", aniParty.lrnSource.rawValue)
        writer.field("ani_state", aniParty.state)
        writer.field("ani_lata", aniParty.lata)
        writer.field("ani_ocn", aniParty.ocn)
        writer.field("ani_rate_center", aniParty.rateCenter)
        writer.field("dni", dnis?.text)
        writer.field("dni_kind", dnisKind.rawValue)
        writer.field("dni_country", dnisCountry)
        writer.field("dni_lrn", dnisParty.lrn?.text)
        writer.field("dni_lrn_source", dnisParty.lrnSource.rawValue)
        writer.field("dni_state", dnisParty.state)
        writer.field("dni_lata", dnisParty.lata)
        writer.field("dni_ocn", dnisParty.ocn)
        writer.field("dni_rate_center", dnisParty.rateCenter)
        writer.field("resporg", respOrg)
        writer.field("cic", cic)
        writer.field("ring_to", ringTo)
        writer.field("jurisdiction", jurisdiction.rawValue)
        writer.field("billed_seconds", billedSeconds)
        writer.field("rate_prefix", ratePrefix)
        writer.field("vendor_rate_prefix", vendorRatePrefix)
        writer.field("vendor_billed_seconds", vendorBilledSeconds)
    }
}

extension MessageEvidence {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.field("direction", direction?.rawValue)
        writer.field("source", source?.text)
        writer.field("destination", destination?.text)
        writer.field("country", country)
        writer.field("encoding", encoding?.rawValue)
        writer.field("units", units)
        writer.field("jurisdiction", jurisdiction.rawValue)
        writer.field("carrier", carrier)
        writer.field("surcharge", surcharge?.text)
        writer.field("vendor_fee", vendorFee?.text)
    }
}
