import Core
import Reference

// The kinds of cases that numbers, rating and plans decide.
extension Conformance {
    /// The result of a case; nil for a kind that is not one of these.
    func rating(kind: String, input: JSONValue) throws -> JSONValue? {
        switch kind {
        case "normalize": normalize(input)
        case "ani": caller(input)
        case "duration": try duration(input)
        case "charge": try charge(input)
        case "margin": try margin(input)
        case "band": try band(input)
        case "voice": try call(input)
        case "message": try json(snapshot.rate(ConformanceRecords.message(input)))
        case "api": try json(snapshot.rate(ConformanceRecords.query(input)))
        case "batch": try batch(input)
        case "segments": try segments(input)
        case "validate_plan": try validate(input)
        default: nil
        }
    }

    private func normalize(_ input: JSONValue) -> JSONValue {
        let context = input["context"]?.string.flatMap(NumberContext.init(rawValue:)) ?? .voice
        let number = snapshot.tables.numbers.plan.normalize(input["raw"]?.string, in: context)
        return .fields([
            "kind": .string(number.kind.rawValue),
            "e164": .optional(number.number?.text),
            "country": .optional(number.country?.text),
            "national": .optional(number.national?.text),
            "service_code": .optional(number.serviceCode.map { String($0) }),
            "reason": .optional(number.reason?.rawValue),
            "rn": .optional(number.rn?.text),
            "npdi": .bool(number.npdi),
            "flags": .texts(number.flags.names),
        ])
    }

    private func caller(_ input: JSONValue) -> JSONValue {
        let plan = snapshot.tables.numbers.plan
        var record = RawCDR(id: ConformanceRecords.noID, sipUUID: "")
        record.sipPCI = input["sip_pci"]?.string
        record.sipPAI = input["sip_pai"]?.string
        record.sipRPID = input["sip_rpid"]?.string
        record.rawANI = input["raw_ani"]?.string
        record.sipFrom = input["sip_from"]?.string
        let caller = plan.caller(
            record, direction: CallDirection(parsing: input["direction"]?.string),
            btn: input["btn"]?.string.map { plan.normalize($0) })
        return .fields([
            "ani": .optional(caller.number?.number?.text),
            "ani_kind": .optional(caller.number?.kind.rawValue),
            "ani_source": .string(caller.source.rawValue),
            "flags": .texts(caller.flags.names),
        ])
    }

    private func duration(_ input: JSONValue) throws -> JSONValue {
        var record = RawCDR(id: ConformanceRecords.noID, sipUUID: "")
        record.answer = Stamp(parsing: input["answer"]?.string)
        record.end = Stamp(parsing: input["end"]?.string)
        let length = CallLength(record)
        let terms = try ConformanceInput.terms(ConformanceInput(input)["terms"])
        var flags = length.flags
        // D3: an unreadable stamp counts as absent and holds the call all the same.
        let isUnreadable = record.answer == .unreadable || record.end == .unreadable
        if isUnreadable { flags.insert(.badTimestamp) }
        var billed: BilledTime?
        if let milliseconds = length.milliseconds, !length.isHeld, !isUnreadable {
            billed = terms.billedTime(durationMilliseconds: milliseconds)
            if billed == .grace { flags.insert(.grace) }
        }
        return .fields([
            "duration_ms": .count(length.milliseconds.map { Int($0) }),
            "billed_seconds": .count(billed?.seconds),
            "flags": .texts(flags.names),
        ])
    }

    private func charge(_ json: JSONValue) throws -> JSONValue {
        let input = ConformanceInput(json)
        let terms = try ConformanceInput.terms(input["terms"])
        let charge = terms.charge(
            rate: try input.required("rate").rate(), billedSeconds: try input.required("billed_seconds").integer())
        return .fields(["charge": .optional(charge?.text(.charge))])
    }

    private func margin(_ json: JSONValue) throws -> JSONValue {
        let input = ConformanceInput(json)
        let margin = RateMargin(rate: try input.required("rate").rate(), cost: try input.required("cost").rate())
        return .fields([
            "margin": .string(margin.margin.text),
            "margin_percentage": .optional(margin.percentage?.text),
        ])
    }

    private func band(_ json: JSONValue) throws -> JSONValue {
        let input = ConformanceInput(json)
        guard let bands = TimeOfDay(try input.required("time_of_day").value) else {
            throw ConformanceError(description: "/time_of_day has no known time zone")
        }
        let multiplier = bands.multiplier(at: try input.required("instant").instant()) ?? .one
        return .fields([
            "multiplier": .string(multiplier.text),
            "rate": .string(try input.required("rate").rate().multiplied(by: multiplier).text),
        ])
    }

    private func segments(_ input: JSONValue) throws -> JSONValue {
        let text = MessageText(try ConformanceInput(input).required("body").text(), coding: input["coding"]?.integer)
        return .fields([
            "encoding": .string(text.encoding.rawValue),
            "length": .count(text.length),
            "segments": .count(text.segments),
        ])
    }

    private func validate(_ input: JSONValue) throws -> JSONValue {
        let type = try ConformanceInput(input).required("type").word(PlanType.self)
        let faults = RatePlan.faults(in: input["rates"] ?? .null, of: type)
        return .fields([
            "errors": .array(
                faults.map { .fields(["path": .string($0.path), "code": .string($0.code.rawValue)]) })
        ])
    }

    private func call(_ input: JSONValue) throws -> JSONValue {
        let usage = snapshot.rate(ConformanceRecords.call(input))
        // The case's own id and key, which may be of any form or not there at all.
        return try json(usage).replacing(["id": input["id"] ?? .null, "sip_uuid": input["sip_uuid"] ?? .null])
    }

    private func json(_ usage: RatedUsage) throws -> JSONValue {
        try JSONValue(parsing: usage.json)
    }

    /// Repeats and conflicts by natural key, first seen first (rule G8).
    private func batch(_ input: JSONValue) throws -> JSONValue {
        let service = try ConformanceInput(input).required("service").text()
        var seen: [String: [UInt8]] = [:]
        let results = try (input["records"]?.elements ?? []).map { record in
            let key = ConformanceRecords.key(of: record, service: service)
            guard let key, let first = seen[key] else {
                if let key { seen[key] = record.canonicalBytes }
                return result(key, "kept", try rate(record, service))
            }
            guard record.canonicalBytes != first else { return result(key, "ignored", nil) }
            return .fields([
                "id": .string(key), "outcome": .string("kept"), "status": .string(UsageStatus.held.rawValue),
                "charge": .null, "flags": .texts([Flag.duplicateConflict.name]),
            ])
        }
        return .fields(["records": .array(results)])
    }

    private func rate(_ record: JSONValue, _ service: String) throws -> RatedUsage {
        switch service {
        case "voice": snapshot.rate(ConformanceRecords.call(record))
        case "message", "sms", "mms": snapshot.rate(ConformanceRecords.message(record))
        case "api": snapshot.rate(ConformanceRecords.query(record))
        default: throw ConformanceError(description: "/service is none of voice, message, api")
        }
    }

    private func result(_ key: String?, _ outcome: String, _ usage: RatedUsage?) -> JSONValue {
        .fields([
            "id": .optional(key), "outcome": .string(outcome), "status": .optional(usage?.status.rawValue),
            "charge": .optional(usage?.charge?.text(.charge)), "flags": .texts(usage?.flags.names ?? []),
        ])
    }
}

extension JSONValue {
    /// The object with some fields replaced.
    fileprivate func replacing(_ values: [String: JSONValue]) -> JSONValue {
        guard let fields else { return self }
        return .object(fields.map { Field(name: $0.name, value: values[$0.name] ?? $0.value) })
    }
}
