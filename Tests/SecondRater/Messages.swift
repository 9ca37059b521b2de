import BigInt

/// Section S.
extension SecondRater {
    struct Encoded: Sendable {
        let encoding: String
        let length: Int
        let segments: Int
    }

    private static let basic = Set(
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
            + "abcdefghijklmnopqrstuvwxyzäöñüà").unicodeScalars)
    private static let extended = Set("^{}\\[~]|€\u{c}".unicodeScalars)

    /// S1, S2
    mutating func encode(_ body: String, coding: Int?) -> Encoded {
        rule("S1", "S2")
        let scalars = Array(body.unicodeScalars)
        let isSevenBit =
            coding != 8 && scalars.allSatisfy { Self.basic.contains($0) || Self.extended.contains($0) }
        let widths = scalars.map { scalar in
            isSevenBit ? (Self.extended.contains(scalar) ? 2 : 1) : (scalar.value > 0xFFFF ? 2 : 1)
        }
        let length = widths.reduce(0, +)
        var segments = 1
        if length > (isSevenBit ? 160 : 70) {
            let room = isSevenBit ? 153 : 67
            var used = 0
            for width in widths {
                if used + width > room {
                    segments += 1
                    used = 0
                }
                used += width
            }
        }
        return Encoded(encoding: isSevenBit ? "GSM-7" : "UCS-2", length: length, segments: segments)
    }

    mutating func segmentsCase(_ input: JSON) -> JSON {
        let encoded = encode(input["body"].string ?? "", coding: input["coding"].integer)
        return .object([
            "encoding": .string(encoded.encoding), "length": .integer(encoded.length),
            "segments": .integer(encoded.segments),
        ])
    }

    /// One MDR to its rated record.
    mutating func message(_ record: JSON) -> JSON {
        rule("S3", "S4", "S5", "G6", "G9", "K3")
        var clocks = Clocks()
        clocks.start = clocks.read(record["at"])
        clocks.created = clocks.read(record["created_at"])
        clocks.judgeInstant()
        let customer = record["customer_ban"].string.flatMap { reference.customers[$0] }
        if customer == nil { clocks.holds.insert("UNKNOWN_CUSTOMER") }
        let named = record["type"].string?.lowercased()
        let service = ["sms", "mms"].contains(named) ? named : nil
        if service == nil { clocks.holds.insert("BAD_TYPE") }
        let directions = ["mt": "outbound", "outbound": "outbound", "mo": "inbound", "inbound": "inbound"]
        let direction = directions[record["direction"].string?.lowercased() ?? ""]
        let status = record["status"].string?.lowercased() ?? ""
        let isTaken = ["submitted", "accepted", "sent", "delivered", "undelivered", "expired"].contains(status)
        let isRefused = ["failed", "rejected", "throttled"].contains(status)
        if direction == "outbound", !isTaken, !isRefused { clocks.holds.insert("BAD_STATUS") }

        var flags = clocks.holds
        if direction == nil { flags.insert("UNKNOWN_DIRECTION") }
        let (units, encoding) = billedUnits(record, service, &flags)
        let source = normalize(record["source"].string, isMessage: true)
        let destination = normalize(record["destination"].string, isMessage: true)
        let other = direction == "inbound" ? source : destination
        let key = service.map { $0.uppercased() + ":" + (direction?.uppercased() ?? "UNKNOWN") }
        var fields: [String: JSON] = [
            "id": record["msgid"], "customer_ban": record["customer_ban"], "service": .text(service),
            "direction": .text(direction), "rating_instant": .text(clocks.instant.map { Calendar.text(instant: $0) }),
            "usage_date": .text(clocks.instant.map { Calendar.text(day: Calendar.dayOf(instant: $0)) }),
            "source": .text(source.shown), "destination": .text(destination.shown), "country": .text(other.country),
            "encoding": .text(encoding), "units": .integer(units),
            "jurisdiction": .string(other.kind == "international" ? "international" : "domestic"),
            "tax_jurisdiction": .string("none"), "class_key": .text(key),
            "sku": .text(key.flatMap { sku($0, &flags) }), "carrier": record["carrier"], "vendor": record["vendor"],
            "ref_version": reference.version,
        ]
        var outcome = Outcome(flags: flags)
        var surcharge: Rational?
        var fee: Rational?
        if !clocks.holds.isEmpty {
            outcome.status = "held"
        } else if direction == "outbound", isRefused {
            outcome.status = "not_billable"
            outcome.charge.amount = .zero
            outcome.cost.amount = .zero
            outcome.margin = .zero
            fields["units"] = .integer(0)
        } else if direction == "outbound", ["invalid", "missing", "anonymous"].contains(other.kind) {
            outcome.flags.insert("DNI_INVALID")
        } else if let service, let direction, let instant = clocks.instant, let customer, let units {
            let message = Message(
                name: service + "_" + direction, carrier: record["carrier"].string, units: units,
                isOutbound: direction == "outbound",
                international: service == "sms" && direction == "outbound" && other.kind == "international"
                    ? String(other.e164!.dropFirst()) : nil)
            surcharge = rate(message, customer, at: instant, &outcome)
            fee = buy(message, record["vendor"].string, &outcome)
            settle(&outcome, customer: customer, isFreeOfCharge: false)
        }
        fields.merge(outcome.unitFields(surcharge: surcharge, fee: fee)) { $1 }
        return .object(fields)
    }

    /// A message on its way to its rates.
    struct Message: Sendable {
        let name: String
        let carrier: String?
        let units: Int
        let isOutbound: Bool
        /// The digits of an outbound text's foreign destination.
        let international: String?
    }

    /// S3; MMS is one unit and has no encoding.
    private mutating func billedUnits(
        _ record: JSON, _ service: String?, _ flags: inout Set<String>
    ) -> (units: Int?, encoding: String?) {
        guard let service else { return (nil, nil) }
        if service == "mms" { return (1, nil) }
        let encoded = record["body"].string.map { encode($0, coding: record["coding"].integer) }
        if let reported = record["segments"].integer, reported >= 1 {
            if let encoded, encoded.segments != reported { flags.insert("SEGMENT_MISMATCH") }
            return (reported, encoded?.encoding)
        }
        if encoded == nil { flags.insert("SEGMENTS_ASSUMED") }
        return (encoded?.segments ?? 1, encoded?.encoding)
    }

    /// S6: a carrier's own entry, else the default one.
    private func byCarrier(_ table: JSON, _ carrier: String?) -> Rational {
        carrier.flatMap { table[$0].decimal } ?? table["default"].decimal ?? .zero
    }

    private func longestRate(_ table: JSON, _ digits: String) -> Rational? {
        (1...digits.count).reversed().lazy.compactMap { table[String(digits.prefix($0))].decimal }.first
    }

    /// S5, S6, the customer's side; the surcharge per unit.
    private mutating func rate(
        _ message: Message, _ customer: JSON, at instant: Int, _ outcome: inout Outcome
    ) -> Rational? {
        rule("S6")
        let plans = plansInForce("sms", customer: customer["id"].string ?? "", at: instant)
        let asked = plans.first { rates -> (Rational, Rational)? in
            let rate =
                message.international.map { longestRate(rates["international"]["prefixes"], $0) }
                ?? rates[message.name].decimal
            return rate.map { ($0, byCarrier(rates["carrier_surcharges"][message.name], message.carrier)) }
        }
        if asked.plan == nil { rule("R8") }
        outcome.flags.formUnion(asked.flags)
        guard let (rate, surcharge) = asked.answer else { return nil }
        outcome.charge.plan = asked.plan?["id"].string
        outcome.charge.rate = rate
        outcome.charge.amount = ((rate + surcharge) * Rational(message.units)).rounded(5)
        return surcharge
    }

    /// S6, the vendor's side; the carrier fee per unit.
    private mutating func buy(_ message: Message, _ vendor: String?, _ outcome: inout Outcome) -> Rational? {
        rule("R14")
        let sms = vendor.map { reference.vendors[$0]["sms"] } ?? .null
        let abroad = sms["international"]["prefixes"]
        var rate = sms[message.name].decimal
        var fee = message.isOutbound ? byCarrier(sms["carrier_fees"], message.carrier) : .zero
        if let digits = message.international, abroad != .null {
            rate = longestRate(abroad, digits)
            fee = .zero
        }
        guard let rate else {
            outcome.flags.insert("NO_VENDOR_RATE")
            return nil
        }
        outcome.cost.rate = rate
        outcome.cost.amount = ((rate + fee) * Rational(message.units)).rounded(5)
        return fee
    }
}

extension SecondRater.Outcome {
    /// The fields of a record that is billed by units.
    func unitFields(surcharge: Rational?, fee: Rational?) -> [String: JSON] {
        [
            "status": .string(status), "flags": .flags(flags), "rate_plan_id": .text(charge.plan),
            "rate": .decimal(charge.rate, 7), "surcharge": .decimal(surcharge, 7),
            "vendor_rate": .decimal(cost.rate, 7), "vendor_fee": .decimal(fee, 7),
            "charge": .decimal(charge.amount, 5), "vendor_cost": .decimal(cost.amount, 5),
            "margin": .decimal(margin, 5), "margin_percentage": .decimal(percentage, 2),
        ]
    }
}
