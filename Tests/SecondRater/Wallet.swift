import BigInt

/// Section W.
struct WalletState: Sendable {
    struct Hold: Sendable {
        let rate: Rational
        let terms: Terms
        var reserve: Int
        var amount: Rational
        var expires: Int
    }

    let model: String
    var balance: Rational
    /// nil is unlimited.
    let creditLimit: Rational?
    var accrued: Rational
    /// Open on issued invoices (W11).
    let receivable: Rational
    var residue: Rational
    var mark: Rational?
    var level: Int?
    var isSuspended: Bool
    var holds: [String: Hold] = [:]
    var isRecharging: Bool
    let threshold: Rational
    let rechargeAmount: Rational
    var failures: Int
    var lastRecharge: Int?
    var isPending = false

    init(_ start: JSON) {
        func amount(_ name: String) -> Rational { start[name].decimal ?? .zero }
        model = start["model"].string ?? ""
        balance = amount("balance")
        accrued = amount("accrued")
        receivable = amount("receivable")
        residue = amount("residue")
        mark = start["high_water_mark"].decimal
        let isUnlimited = start.members["credit_limit"] == .null && model == "POSTPAID"
        creditLimit = isUnlimited ? nil : amount("credit_limit")
        isSuspended = start["suspended"].isTrue
        isRecharging = start["auto_recharge"]["enabled"].isTrue
        threshold = start["auto_recharge"]["threshold"].decimal ?? .zero
        rechargeAmount = start["auto_recharge"]["amount"].decimal ?? .zero
        failures = start["recharge_failures"].integer ?? 0
    }

    var held: Rational { holds.values.reduce(.zero) { $0 + $1.amount } }
    /// W2, W11
    var available: Rational? { creditLimit.map { balance + $0 - accrued - held - receivable } }
}

/// What one operation says.
private struct Step {
    var error: String?
    var alert: Int?
    var recharge: Rational?
    var flags: Set<String> = []
    var ledger: [JSON] = []
    var granted: (maximum: Int, reserve: Int, hold: Rational)?
}

extension SecondRater {
    /// W5: bisects, as a charge never falls when the seconds grow.
    mutating func maxSeconds(_ available: Rational?, _ rate: Rational, _ terms: Terms, cap: Int = 14_400) -> Int {
        rule("W5")
        guard terms.initial <= cap else { return 0 }
        var most = (cap - terms.initial) / terms.subsequent
        func boundary(_ steps: Int) -> Int { terms.initial + steps * terms.subsequent }
        guard let available else { return boundary(most) }
        guard reserved(terms.initial, rate, terms) <= available else { return 0 }
        var least = 0
        while least < most {
            let middle = (least + most + 1) / 2
            if reserved(boundary(middle), rate, terms) <= available { least = middle } else { most = middle - 1 }
        }
        return boundary(least)
    }

    /// The charge that W5 and W6 reckon with.
    private mutating func reserved(_ seconds: Int, _ rate: Rational, _ terms: Terms) -> Rational {
        charge(rate, max(seconds, terms.minimumSeconds), terms)
    }

    mutating func maxSecondsCase(_ input: JSON) -> JSON {
        let seconds = maxSeconds(
            input["available"].decimal, input["rate"].decimal ?? .zero, Terms(input["terms"]),
            cap: input["cap"].integer ?? 14_400)
        return .object(["max_seconds": .integer(seconds)])
    }

    mutating func wallet(_ input: JSON) throws -> JSON {
        rule("W2", "W7")
        var state = WalletState(input["wallet"])
        var steps: [JSON] = []
        for operation in input["ops"].elements {
            guard let now = Calendar.instant(operation["at"].string ?? "") else {
                throw CaseFault(reason: "an operation without an instant")
            }
            if state.holds.contains(where: { $0.value.expires <= now }) { rule("W6") }
            state.holds = state.holds.filter { $0.value.expires > now }
            var next = state
            var step = try run(operation, at: now, &next)
            if next.balance.magnitude >= Rational(1_000_000) {
                rule("W10")
                step = Step(error: "AMOUNT_OVERFLOW")
            } else if step.error == nil {
                state = next
            }
            steps.append(shown(operation, step, state))
        }
        return .object(["steps": .array(steps)])
    }

    private func shown(_ operation: JSON, _ step: Step, _ state: WalletState) -> JSON {
        var fields: [String: JSON] = [
            "op": operation["op"], "ok": .bool(step.error == nil), "error": .text(step.error),
            "alert": .integer(step.alert), "recharge": .decimal(step.recharge, 2), "flags": .flags(step.flags),
            "ledger": .array(step.ledger), "balance": .decimal(state.balance, 4),
            "accrued": .decimal(state.accrued, 4), "residue": .decimal(state.residue, 5),
            "held": .decimal(state.held, 4), "available": .decimal(state.available, 4),
            "suspended": .bool(state.isSuspended),
        ]
        if ["authorize", "extend"].contains(operation["op"].string) {
            fields["max_seconds"] = .integer(step.granted?.maximum)
            fields["reserve_seconds"] = .integer(step.granted?.reserve)
            fields["hold"] = .decimal(step.granted?.hold, 4)
        }
        return .object(fields)
    }

    private mutating func run(_ operation: JSON, at now: Int, _ state: inout WalletState) throws -> Step {
        let id = operation["hold"].string ?? ""
        let amount = operation["amount"].decimal ?? .zero
        switch operation["op"].string {
        case "tick": return Step()
        case "debit": return debit(operation["charge"].decimal ?? .zero, at: now, &state)
        case "settle":
            state.holds[id] = nil
            return debit(operation["charge"].decimal ?? .zero, at: now, &state)
        case "release":
            rule("W6")
            return Step(error: state.holds.removeValue(forKey: id) == nil ? "NO_HOLD" : nil)
        case "topup": return topUp(amount, &state)
        case "refund": return refund(amount, &state)
        case "authorize": return authorize(id, operation, at: now, &state)
        case "extend": return extend(id, at: now, &state)
        case "recharge_result": return rechargeResult(operation["success"].isTrue, &state)
        default: throw CaseFault(reason: "no such operation")
        }
    }

    /// W1: what is taken from the wallet for a charge; less than zero for a refund.
    private mutating func settled(_ charge: Rational, _ state: inout WalletState) -> Rational {
        rule("W1")
        let exact = state.residue + charge
        let taken = exact.floored(4)
        state.residue = exact - taken
        return taken
    }

    /// W7
    private func entry(_ type: String, _ before: Rational, _ state: WalletState) -> [JSON] {
        guard before != state.balance else { return [] }
        return [
            .object([
                "type": .string(type), "amount": .decimal(state.balance - before, 4),
                "balance_before": .decimal(before, 4), "balance_after": .decimal(state.balance, 4),
            ])
        ]
    }

    /// W3, W8, W9
    private mutating func debit(_ charge: Rational, at now: Int, _ state: inout WalletState) -> Step {
        rule("W3", "W8", "W9")
        let before = state.balance
        let taken = settled(charge, &state)
        var ofBalance = taken
        if state.model == "POSTPAID" { ofBalance = .zero }
        if state.model == "HYBRID" { ofBalance = min(taken, max(state.balance, .zero)) }
        state.balance -= ofBalance
        state.accrued += taken - ofBalance
        var step = Step(ledger: entry("charge", before, state))
        if let limit = state.creditLimit, state.balance + limit - state.accrued < .zero {
            step.flags.insert("OVERDRAWN")
            state.isSuspended = true
        }
        guard state.model != "POSTPAID" else { return step }
        if let mark = state.mark {
            let reached = [5, 10, 20].first { state.balance <= mark * Rational(BigInt($0), over: 100) }
            if let reached, state.level.map({ reached < $0 }) ?? true {
                state.level = reached
                step.alert = reached
            }
        }
        let isDue = state.lastRecharge.map { now - $0 >= 3_600_000 } ?? true
        if state.isRecharging, state.balance < state.threshold, !state.isPending, isDue {
            state.isPending = true
            state.lastRecharge = now
            step.recharge = state.rechargeAmount
        }
        return step
    }

    private func liftSuspension(_ state: inout WalletState) {
        if state.available.map({ $0 > .zero }) ?? true { state.isSuspended = false }
    }

    /// W8
    private mutating func topUp(_ amount: Rational, _ state: inout WalletState) -> Step {
        rule("W8", "W4")
        let before = state.balance
        state.balance += amount
        state.mark = state.balance > .zero ? state.balance : amount
        state.level = nil
        liftSuspension(&state)
        return Step(ledger: entry("payment", before, state))
    }

    /// W4
    private mutating func refund(_ amount: Rational, _ state: inout WalletState) -> Step {
        rule("W4")
        let before = state.balance
        let credit = -settled(-amount, &state)
        let ofAccrued = state.model == "PREPAID" ? .zero : min(state.accrued, credit)
        state.accrued -= ofAccrued
        state.balance += credit - ofAccrued
        liftSuspension(&state)
        return Step(ledger: entry("refund", before, state))
    }

    /// W6: the greatest boundary within the seconds, at least the initial increment.
    private func reserve(_ seconds: Int, _ terms: Terms) -> Int {
        guard seconds > terms.initial else { return terms.initial }
        return terms.initial + (seconds - terms.initial) / terms.subsequent * terms.subsequent
    }

    private mutating func authorize(_ id: String, _ operation: JSON, at now: Int, _ state: inout WalletState) -> Step {
        rule("W6")
        if state.holds[id] != nil { return Step(error: "HOLD_EXISTS") }
        if state.isSuspended { return Step(error: "SUSPENDED") }
        let rate = operation["rate"].decimal ?? .zero
        let terms = Terms(operation["terms"])
        let maximum = maxSeconds(state.available, rate, terms)
        if maximum == 0 { return Step(error: "INSUFFICIENT_FUNDS") }
        let reserve = reserve(min(maximum, 300), terms)
        let hold = reserved(reserve, rate, terms).raised(4)
        state.holds[id] = WalletState.Hold(
            rate: rate, terms: terms, reserve: reserve, amount: hold, expires: now + (reserve + 300) * 1000)
        return Step(granted: (maximum, reserve, hold))
    }

    private mutating func extend(_ id: String, at now: Int, _ state: inout WalletState) -> Step {
        rule("W6")
        guard var hold = state.holds[id] else { return Step(error: "NO_HOLD") }
        let maximum = maxSeconds(state.available.map { $0 + hold.amount }, hold.rate, hold.terms)
        let reserve = reserve(min(maximum, hold.reserve + 300), hold.terms)
        guard reserve > hold.reserve else { return Step(error: "INSUFFICIENT_FUNDS") }
        hold.reserve = reserve
        hold.amount = reserved(reserve, hold.rate, hold.terms).raised(4)
        hold.expires = now + (reserve + 300) * 1000
        state.holds[id] = hold
        return Step(granted: (maximum, reserve, hold.amount))
    }

    /// W9
    private mutating func rechargeResult(_ isSuccess: Bool, _ state: inout WalletState) -> Step {
        rule("W9")
        guard state.isPending else { return Step(error: "NO_RECHARGE") }
        state.isPending = false
        if isSuccess {
            state.failures = 0
            return topUp(state.rechargeAmount, &state)
        }
        state.failures += 1
        guard state.failures >= 3 else { return Step() }
        state.isRecharging = false
        return Step(flags: ["AUTO_RECHARGE_DISABLED"])
    }
}
