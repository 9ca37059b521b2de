import BigInt
import Foundation

extension SecondRater {
    mutating func settlement(_ kind: String, _ input: JSON) throws -> JSON {
        switch kind {
        case "fraud": return fraud(input)
        case "mos": return .object(["mos": .decimal(meanOpinion(input), 2)])
        case "vendor_performance": return vendorPerformance(input)
        case "vendor_period": return try vendorPeriod(input)
        case "reconcile": return try reconcile(input)
        case "invoice": return try invoice(input)
        case "cycle": return try cycle(input)
        case "aging": return try aging(input)
        case "usage_summary": return usageSummary(input)
        case "fee": return fee(input)
        default: throw CaseFault(reason: "no such kind of case")
        }
    }

    /// I1
    mutating func cycle(_ input: JSON) throws -> JSON {
        rule("I1")
        guard let instant = Calendar.instant(input["instant"].string ?? ""),
            let zone = TimeZone(identifier: input["timezone"].string ?? "UTC")
        else { throw CaseFault(reason: "no instant or zone") }
        let day = Calendar.dayOf(instant: Calendar.local(instant, zone))
        let first: Int
        let end: Int
        switch input["cycle"].string {
        case "daily": (first, end) = (day, day + 1)
        case "weekly":
            first = day - Calendar.weekday(day) + 1
            end = first + 7
        default:
            let anchor = input["anchor_day"].integer ?? 1
            var (year, month, dayOfMonth) = Calendar.date(day)
            if dayOfMonth < anchor { (year, month) = month == 1 ? (year - 1, 12) : (year, month - 1) }
            first = Calendar.day(year, month, anchor)
            end = month == 12 ? Calendar.day(year + 1, 1, anchor) : Calendar.day(year, month + 1, anchor)
        }
        func midnight(_ day: Int) -> Int {
            let local = day * Calendar.dayLength
            var guess = local
            for _ in 0..<3 { guess += local - Calendar.local(guess, zone) }
            return guess
        }
        return .object([
            "period_start": .string(Calendar.text(day: first)), "period_end": .string(Calendar.text(day: end - 1)),
            "utc_start": .string(Calendar.text(instant: midnight(first))),
            "utc_end": .string(Calendar.text(instant: midnight(end))),
            "invoice_date": .string(Calendar.text(day: end)),
        ])
    }

    /// I6
    mutating func aging(_ input: JSON) throws -> JSON {
        rule("I6")
        guard let today = Calendar.day(input["as_of"].string ?? "") else { throw CaseFault(reason: "no date") }
        let percent = input["late_fee_pct"].decimal ?? .zero
        var buckets: [String: Rational] = [:]
        for name in ["current", "1-30", "31-60", "61-90", "over_90"] { buckets[name] = .zero }
        let invoices = input["invoices"].elements.map { invoice in
            let open = (invoice["total"].decimal ?? .zero) - (invoice["paid"].decimal ?? .zero)
            let late = today - (invoice["due_date"].string.flatMap(Calendar.day) ?? today)
            var bucket: String?
            if open > .zero {
                bucket =
                    late <= 0
                    ? "current" : late <= 30 ? "1-30" : late <= 60 ? "31-60" : late <= 90 ? "61-90" : "over_90"
            }
            if let bucket { buckets[bucket, default: .zero] += open }
            let fee = (open * percent / Rational(100)).rounded(2) * Rational(max(0, late) / 30)
            return JSON.object([
                "id": invoice["id"], "open": .decimal(open, 2), "days_late": .integer(max(0, late)),
                "bucket": .text(bucket), "overdue": .bool(late > 0 && open > .zero), "late_fee": .decimal(fee, 2),
            ])
        }
        return .object([
            "invoices": .array(invoices), "buckets": .object(buckets.mapValues { .decimal($0, 2) }),
        ])
    }

    /// I7
    mutating func usageSummary(_ input: JSON) -> JSON {
        rule("I7")
        let rated = input["records"].elements.filter { $0["status"].string == "rated" }
        func key(_ record: JSON) -> [String] { ["customer_ban", "usage_date"].map { record[$0].string ?? "" } }
        let keys = Set(rated.map(key)).sorted { $0.lexicographicallyPrecedes($1) }
        let rows = keys.map { rowKey in
            let records = rated.filter { key($0) == rowKey }
            func isTollFree(_ record: JSON) -> Bool { record["class_key"].string?.hasSuffix(":TOLLFREE") ?? false }
            let calls = records.filter { $0["service"].string == "voice" }
            let texts = records.filter { ["sms", "mms"].contains($0["service"].string) }
            func minutes(_ records: [JSON]) -> JSON {
                .decimal(Rational(BigInt(records.reduce(0) { $0 + ($1["billed_seconds"].integer ?? 0) }), over: 60), 2)
            }
            func charges(_ records: [JSON]) -> JSON {
                .decimal(records.reduce(.zero) { $0 + ($1["charge"].decimal ?? .zero) }, 4)
            }
            let voice = calls.filter { !isTollFree($0) }
            let tollFree = calls.filter(isTollFree)
            return JSON.object([
                "customer_ban": .string(rowKey[0]), "usage_date": .string(rowKey[1]),
                "voice_minutes": minutes(voice), "voice_charges": charges(voice),
                "sms_count": .integer(texts.reduce(0) { $0 + ($1["units"].integer ?? 0) }),
                "sms_charges": charges(texts), "toll_free_minutes": minutes(tollFree),
                "toll_free_charges": charges(tollFree), "total_charges": charges(records),
            ])
        }
        return .object(["rows": .array(rows)])
    }

    /// I8
    mutating func fee(_ input: JSON) -> JSON {
        rule("I8")
        let amount = input["amount"].decimal ?? .zero
        let fee: Rational?
        switch input["method"].string {
        case "card": fee = amount * Rational(BigInt(29), over: 1000) + Rational(BigInt(3), over: 10)
        case "ach": fee = min((amount * Rational(BigInt(8), over: 1000)).rounded(2), Rational(5))
        default: fee = nil
        }
        return .object(["fee": .decimal(fee, 2)])
    }
}
