import Core

extension BatchOutcomes {
    /// Adds a rated call.
    mutating func add(_ usage: RatedUsage, _ call: RawCDR, in row: RawRow) {
        add(
            usage, in: row,
            .call(
                sipCallID: call.sipCallID, start: call.start.instant, answer: call.answer.instant,
                end: call.end.instant, trunk: call.vendorTrunk))
    }

    /// Adds a rated message.
    mutating func add(_ usage: RatedUsage, _ message: RawMDR, in row: RawRow) {
        add(usage, in: row, .message(status: message.status))
    }

    /// Adds a rated query.
    mutating func add(_ usage: RatedUsage, _ query: APIUsage, in row: RawRow) {
        add(usage, in: row, .query(status: query.status))
    }

    /// Rated and not billable usage is stored; held and unrated usage is parked (M6).
    private mutating func add(_ usage: RatedUsage, in row: RawRow, _ extras: StoredUsage.Extras) {
        switch usage.status {
        case .rated, .notBillable:
            guard let instant = usage.ratingInstant, UsageAge(of: instant, receivedAt: row.receivedAt) != .future else {
                // Its partition is further ahead than any we keep (M1).
                return parked.append(ParkedUsage(usage.held(for: .futureTimestamp), in: row))
            }
            self.usage.append(StoredUsage(row: row, usage: usage, extras: extras))
        case .held, .unrated:
            parked.append(ParkedUsage(usage, in: row))
        }
    }

    /// Whether something was not found that may have been loaded since: worth a look at what is new.
    var lacksReference: Bool {
        let wanted: Flags = [.unknownCustomer, .noVendorRate]
        let names = wanted.names
        return usage.contains { $0.usage.flags.containsAny(of: wanted) }
            || attempts.contains { $0.flags.contains(.noVendorRate) }
            || parked.contains { $0.flags.contains { names.contains($0) } }
    }
}

extension RatedUsage {
    /// The record as it is held for a reason that only storing finds: without amounts (rule G9).
    fileprivate func held(for flag: Flag) -> RatedUsage {
        var held = self
        held.status = .held
        held.flags.insert(flag)
        held.ratePlanID = nil
        held.rate = nil
        held.charge = nil
        held.vendorRate = nil
        held.vendorCost = nil
        held.margin = nil
        held.marginPercentage = nil
        if case .call(var call) = evidence {
            call.billedSeconds = nil
            call.ratePrefix = nil
            call.vendorRatePrefix = nil
            call.vendorBilledSeconds = nil
            held.evidence = .call(call)
        }
        return held
    }
}
