import BigInt

/// C1 to C5.
extension SecondRater {
    private struct Entry {
        let position: Int
        let name: JSON
        let id: String
        let line: Int
        let callID: String
        let ani: String?
        let dni: String?
        let start: Int
        let seconds: Int
        let rate: Rational?
        let cost: Rational

        var duplicateKey: String {
            let called = dni ?? "-"
            return callID.isEmpty ? "n|\(ani ?? "-")|\(called)|\(start)|\(seconds)" : "c|\(callID)|\(called)"
        }
    }

    private mutating func entries(_ list: JSON) -> [Entry] {
        list.elements.enumerated().map { position, record in
            Entry(
                position: position, name: record["id"] == .null ? record["line"] : record["id"],
                id: record["id"].string ?? "", line: record["line"].integer ?? 0,
                callID: record["callid"].string ?? "", ani: normalize(record["ani"].string).e164,
                dni: normalize(record["dni"].string).e164,
                start: Calendar.instant(record["start"].string ?? "") ?? 0,
                seconds: record["billed_seconds"].integer ?? 0, rate: record["rate"].decimal,
                cost: record["cost"].decimal ?? .zero)
        }
    }

    /// C1: the records that are left, and their repeats.
    private func withoutRepeats(_ entries: [Entry]) -> (kept: [Entry], repeats: [Entry]) {
        var seen: Set<String> = []
        var kept: [Entry] = []
        var repeats: [Entry] = []
        for entry in entries {
            if seen.insert(entry.duplicateKey).inserted { kept.append(entry) } else { repeats.append(entry) }
        }
        return (kept, repeats)
    }

    mutating func reconcile(_ input: JSON) throws -> JSON {
        rule("C1", "C2", "C3", "C4", "C5")
        func isIgnored(_ entry: Entry) -> Bool { entry.seconds == 0 && entry.cost == .zero }
        let allOurs = entries(input["ours"])
        let allTheirs = entries(input["theirs"])
        let counted = allTheirs.filter { !isIgnored($0) }
        let ours = withoutRepeats(
            allOurs.filter { !isIgnored($0) }.sorted { ($0.start, $0.id) < ($1.start, $1.id) })
        let theirs = withoutRepeats(counted.sorted { $0.line < $1.line })
        let pairs = pair(ours.kept, theirs.kept)

        var results = pairs.map { judge($0.ours, $0.theirs) }
        results += theirs.repeats.map { lone(nil, $0, "duplicate_theirs") }
        results += ours.repeats.map { lone($0, nil, "duplicate_ours") }
        results += theirs.kept.filter { entry in !pairs.contains { $0.theirs.position == entry.position } }
            .map { lone(nil, $0, "missing_ours") }
        results += ours.kept.filter { entry in !pairs.contains { $0.ours.position == entry.position } }
            .map { lone($0, nil, "missing_theirs") }
        let invoice = Calendar.day(input["invoice_date"].string ?? "") ?? 0
        let dispute = Calendar.day(input["dispute_date"].string ?? "") ?? 0
        let isOpen = dispute <= invoice + 30
        let disputable = results.filter { $0.status != "matched" && $0.delta > .zero }
            .reduce(Rational.zero) { $0 + $1.delta }
        results.sort { left, right in
            switch (left.line, right.line) {
            case (let line?, let other?): line < other
            case (nil, nil): left.id < right.id
            default: left.line != nil
            }
        }
        func seconds(_ entries: [Entry]) -> Rational { entries.reduce(.zero) { $0 + Rational($1.seconds) } }
        func cost(_ entries: [Entry]) -> Rational { entries.reduce(.zero) { $0 + $1.cost } }
        return .object([
            "results": .array(results.map(\.json)), "ignored_ours": .integer(allOurs.filter(isIgnored).count),
            "ignored_theirs": .integer(allTheirs.filter(isIgnored).count), "dispute_open": .bool(isOpen),
            "disputable": .decimal(isOpen ? disputable : .zero, 5),
            "totals": .object([
                "calls": total(Rational(ours.kept.count), Rational(counted.count), 0),
                "billed_seconds": total(seconds(ours.kept), seconds(counted), 0),
                "cost": total(cost(ours.kept), cost(counted), 5),
            ]),
        ])
    }

    private struct Verdict {
        var ours: JSON = .null
        var theirs: JSON = .null
        var id = ""
        var line: Int?
        var status = "matched"
        var issues: [String] = []
        var delta: Rational

        var json: JSON {
            .object([
                "ours": ours, "theirs": theirs, "status": .string(status), "issues": .strings(issues),
                "cost_delta": .decimal(delta, 5),
            ])
        }
    }

    private func lone(_ ours: Entry?, _ theirs: Entry?, _ status: String) -> Verdict {
        Verdict(
            ours: ours?.name ?? .null, theirs: theirs?.name ?? .null, id: ours?.id ?? "", line: theirs?.line,
            status: status, issues: [status], delta: (theirs?.cost ?? .zero) - (ours?.cost ?? .zero))
    }

    /// C3
    private func judge(_ ours: Entry, _ theirs: Entry) -> Verdict {
        var verdict = Verdict(
            ours: ours.name, theirs: theirs.name, id: ours.id, line: theirs.line, delta: theirs.cost - ours.cost)
        let apart = abs(ours.seconds - theirs.seconds)
        if apart > 2 { verdict.issues.append("duration_mismatch") }
        if let rate = ours.rate, let other = theirs.rate, rate != other { verdict.issues.append("rate_mismatch") }
        let rate = theirs.rate ?? ours.rate ?? .zero
        let unexplained = verdict.delta.magnitude - rate * Rational(BigInt(apart), over: 60)
        if verdict.issues.isEmpty, unexplained > Rational(BigInt(1), over: 10_000) {
            verdict.issues.append("cost_mismatch")
        }
        verdict.status = verdict.issues.first ?? "matched"
        return verdict
    }

    /// C2
    private func pair(_ ours: [Entry], _ theirs: [Entry]) -> [(ours: Entry, theirs: Entry)] {
        var pairs: [(ours: Entry, theirs: Entry)] = []
        var takenOurs: Set<Int> = []
        var takenTheirs: Set<Int> = []
        func run(_ fits: (Entry, Entry) -> Bool) {
            var candidates: [(ours: Entry, theirs: Entry)] = []
            for one in ours where !takenOurs.contains(one.position) {
                for other in theirs where !takenTheirs.contains(other.position) && fits(one, other) {
                    candidates.append((one, other))
                }
            }
            func key(_ pair: (ours: Entry, theirs: Entry)) -> (Int, Int, String, Int) {
                (
                    abs(pair.ours.start - pair.theirs.start), abs(pair.ours.seconds - pair.theirs.seconds),
                    pair.ours.id, pair.theirs.line
                )
            }
            for pair in candidates.sorted(by: { key($0) < key($1) })
            where !takenOurs.contains(pair.ours.position) && !takenTheirs.contains(pair.theirs.position) {
                takenOurs.insert(pair.ours.position)
                takenTheirs.insert(pair.theirs.position)
                pairs.append(pair)
            }
        }
        run { !$0.callID.isEmpty && $0.callID == $1.callID && $0.dni == $1.dni }
        run {
            $0.ani != nil && $0.ani == $1.ani && $0.dni != nil && $0.dni == $1.dni && abs($0.start - $1.start) <= 5000
        }
        run {
            ($0.ani == nil || $1.ani == nil) && $0.dni != nil && $0.dni == $1.dni && abs($0.start - $1.start) <= 2000
                && abs($0.seconds - $1.seconds) <= 2
        }
        return pairs
    }

    /// C4
    private func total(_ ours: Rational, _ theirs: Rational, _ places: Int) -> JSON {
        let delta = theirs - ours
        let share = ours == .zero ? nil : delta.magnitude / ours * Rational(100)
        return .object([
            "ours": .decimal(ours, places), "theirs": .decimal(theirs, places), "delta": .decimal(delta, places),
            "delta_pct": .decimal(share, 2),
            "discrepancy": .bool(share.map { $0 > Rational(5) } ?? (theirs != .zero)),
        ])
    }
}
