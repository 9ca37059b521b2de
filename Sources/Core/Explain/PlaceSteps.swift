// Where a number belongs: routing number, block of the numbering guide, state, rate centre (rules E2–E6).

extension CallExplainer {
    /// The place of the calling or called number; nil for kinds of numbers that have none.
    func placeStep(_ topic: Explanation.Step.Topic) -> Explanation.Step? {
        let isCalled = topic == .calledPlace
        let number = isCalled ? call.dnis?.phoneNumber?.national : call.ani?.national
        let party = isCalled ? call.dnisParty : call.aniParty
        guard let number, let lrn = party.lrn else { return nil }
        var step = Explanation.Step(topic, isCalled ? "E2" : "E3", "E4", "E5")
        sayRouting(number, lrn, party.lrnSource, to: &step)
        let routing = guideRow(of: lrn)
        let own = guideRow(of: number)
        let row = routing ?? own
        if let row {
            if routing == nil { step.say("The LERG has no block for it, so the number's own block counts.") }
            step.say(row.sentence(party, isOwn: row.code == own?.code))
        } else {
            let state = party.state.map { "state \($0)" } ?? "no state"
            step.say("The LERG has no block for it: its area code \(number.npa) gives \(state).")
        }
        if row?.code != own?.code || party.rateCenter == nil {
            let porting = lrn == number ? "" : ", which porting does not change"
            step.say("Rate centre: \(party.rateCenter.map { "\($0), of its own block\(porting)" } ?? "not known").")
        }
        step.fact("number", number.text)
        step.fact("lrn", lrn.text)
        step.fact("lrn_source", party.lrnSource.rawValue)
        step.fact("block", row?.code)
        step.fact("block_of", row == nil ? nil : routing == nil ? "number" : "lrn")
        step.fact("state", party.state)
        step.fact("lata", party.lata)
        step.fact("ocn", party.ocn)
        step.fact("switch", row?.switchName)
        step.fact("rate_center", party.rateCenter)
        step.fact("rate_center_block", own?.code)
        return step
    }

    private func sayRouting(
        _ number: NationalNumber, _ lrn: NationalNumber, _ source: LRNSource, to step: inout Explanation.Step
    ) {
        switch source {
        case .uriRN:
            step.say("The switch had asked for its routing number: \(Words.spaced(lrn)) (rn of the request line).")
        case .uriNPDI: step.say("The switch had asked whether it is ported: it is not (npdi of the request line).")
        case .table:
            step.say("It is ported: by the table of ported numbers its routing number is \(Words.spaced(lrn)).")
        case .dip where lrn != number:
            step.say("It is ported: by the portability service its routing number is \(Words.spaced(lrn)).")
        case .dip: step.say("It is not ported, says the portability service.")
        case .own:
            step.say("It is not in the table of ported numbers, so it routes itself.")
            if step.topic == .calledPlace, usage.flags.contains(.lrnTimeout) { step.say(Flag.lrnTimeout.sentence) }
        case .none: break
        }
    }

    /// The guide's row of a number: its thousands block, else its whole code (rule E4).
    private func guideRow(of number: NationalNumber) -> GuideRow? {
        guard let block = numbers.lerg.block(of: number) else { return nil }
        let digits = number.text
        let isThousands = numbers.lerg.isThousandsBlock(number)
        let line = isThousands ? String(number.block) : "A"
        return GuideRow(
            code: "\(digits.prefix(3))-\(digits.dropFirst(3).prefix(3))-\(line)", isThousands: isThousands,
            switchName: numbers.names[block.switchName])
    }

    /// Who manages a toll-free number and where it rings (rule E6); nil for other kinds of numbers.
    var tollFreeStep: Explanation.Step? {
        guard call.dnisKind == .tollfree else { return nil }
        var step = Explanation.Step(.tollFree, "E6")
        if usage.flags.contains(.respOrgMiss) {
            step.say(Flag.respOrgMiss.sentence)
        } else {
            let manager = call.respOrg.map { "RespOrg \($0) manages it" } ?? "No RespOrg is named for it"
            let ringTo = call.ringTo.map { "it rings at \($0)" } ?? "the table does not say where it rings"
            step.say("\(manager); \(ringTo).")
        }
        step.fact("resporg", call.respOrg)
        step.fact("cic", call.cic)
        step.fact("ring_to", call.ringTo)
        step.fact("ring_to_state", ringToState)
        return step
    }

    /// The state of the number behind a toll-free one (rule J8).
    var ringToState: String? { numbers.names[numbers.state(ofRingTo: call.ringTo)] }
}

/// A row of the numbering guide as a person names it.
private struct GuideRow {
    /// `312-200-A` for a whole code, `217-400-5` for a thousands block.
    let code: String
    let isThousands: Bool
    let switchName: String?

    func sentence(_ party: PartyEvidence, isOwn: Bool) -> String {
        let parts = [
            party.state.map { "state \($0)" }, party.lata.map { "LATA \($0)" }, party.ocn.map { "carrier (OCN) \($0)" },
            isOwn ? party.rateCenter.map { "rate centre \($0)" } : nil,
        ].compactMap(\.self)
        let block = isThousands ? "thousands block \(code)" : "code \(code.dropLast(2))"
        return "LERG \(block): \(parts.joined(separator: ", "))."
    }
}
