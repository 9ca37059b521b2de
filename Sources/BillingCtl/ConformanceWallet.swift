import Core

/// A wallet with its holds, taken through operations (rules W1–W10).
struct WalletCase {
    private var wallet: WalletState
    private var holds: [String: Hold] = [:]
    /// What the pending recharge asked for.
    private var pendingRecharge: Money?

    /// What one operation answers.
    private struct Step {
        var refusal: WalletRefusal?
        var decision: WalletDecision?
        /// Of authorize and extend; nil where they were refused.
        var hold: HoldDecision?
    }

    static func run(_ input: ConformanceInput) throws -> JSONValue {
        var session = try WalletCase(try input.required("wallet"))
        return .fields(["steps": .array(try input.required("ops").list().map { try session.step($0) })])
    }

    static func maximumSeconds(_ input: ConformanceInput) throws -> JSONValue {
        let price = CallPrice(
            rate: try input.required("rate").rate(), terms: try ConformanceInput.terms(input["terms"]))
        let seconds = price.maximumSeconds(
            available: try input["available"]?.money(.ledger), cap: try input["cap"]?.integer() ?? CallPrice.defaultCap)
        return .fields(["max_seconds": .count(seconds)])
    }

    private init(_ input: ConformanceInput) throws {
        wallet = WalletState(
            model: try input.required("model").word(), balance: try input["balance"]?.money(.ledger) ?? .zero,
            creditLimit: try input["credit_limit"]?.money(.ledger),
            accrued: try input["accrued"]?.money(.ledger) ?? .zero,
            receivable: try input["receivable"]?.money(.ledger) ?? .zero,
            residue: try input["residue"]?.money(.charge) ?? .zero,
            highWaterMark: try input["high_water_mark"]?.money(.ledger),
            alertLevel: try input["alert_level"].flatMap { BalanceAlert(rawValue: try $0.integer()) },
            isSuspended: try input["suspended"]?.bool() ?? false, isBlocked: try input["blocked"]?.bool() ?? false)
        // A wallet that starts without a limit has limit 0, one that starts with null has none (rule W2).
        if input.value["credit_limit"] == nil { wallet.creditLimit = .zero }
        guard let order = input["auto_recharge"] else { return }
        let amount = try order["amount"]?.money(.cents) ?? .zero
        let isPending = try input["recharge_pending"]?.bool() ?? false
        wallet.autoRecharge = AutoRecharge(
            isEnabled: try order["enabled"]?.bool() ?? false, threshold: try order["threshold"]?.money() ?? .zero,
            amount: amount, failures: try input["recharge_failures"]?.integer() ?? 0, isPending: isPending,
            lastRequestAt: try (input["last_recharge_at"] ?? order["last_recharge_at"])?.instant())
        pendingRecharge = isPending ? amount : nil
    }

    private mutating func step(_ input: ConformanceInput) throws -> JSONValue {
        let now = try input.required("at").instant()
        for hold in holds.values where hold.isExpired(at: now) { try release(hold.id, at: now) }
        let name = try input.required("op").text()
        var step = Step()
        do {
            try perform(name, input, at: now, &step)
        } catch let refusal as WalletRefusal {
            step = Step(refusal: refusal)
        }
        if let after = step.decision?.wallet ?? step.hold?.wallet { wallet = after }
        if let hold = step.hold?.hold { holds[hold.id] = hold }
        if let recharge = step.decision?.recharge { pendingRecharge = recharge }
        return result(name, step)
    }

    private mutating func perform(_ name: String, _ input: ConformanceInput, at now: Instant, _ step: inout Step) throws
    {
        switch name {
        case "debit": step.decision = try wallet.debit(try input.required("charge").money(.charge), at: now)
        case "topup": step.decision = try wallet.topUp(try amount(input, .ledger))
        case "refund": step.decision = try wallet.refund(try amount(input, .charge))
        case "authorize":
            let id = try input.required("hold").text()
            let price = CallPrice(
                rate: try input.required("rate").rate(), terms: try ConformanceInput.terms(input["terms"]))
            step.hold = try wallet.authorize(id, price: price, existing: holds[id], at: now)
        case "extend": step.hold = try wallet.extend(holds[try input.required("hold").text()], at: now)
        case "end":
            step.hold = try wallet.end(
                holds[try input.required("hold").text()], talkSeconds: try input.required("seconds").integer(), at: now)
        case "release": step.decision = try release(try input.required("hold").text(), at: now)
        case "settle":
            let id = try input.required("hold").text()
            let charge = try input.required("charge").money(.charge)
            step.decision = try wallet.debit(charge, closing: holds[id], at: now)
            holds[id] = nil
        case "recharge_result": step.decision = try answerRecharge(paid: try input.required("success").bool())
        case "tick": break
        default: throw ConformanceError(description: "\(input.path)/op is not an operation")
        }
    }

    private func amount(_ input: ConformanceInput, _ scale: MoneyScale) throws -> Money {
        let amount = try input.required("amount").money(scale)
        guard amount >= .zero else { throw ConformanceError(description: "\(input.path)/amount is negative") }
        return amount
    }

    @discardableResult
    private mutating func release(_ id: String, at now: Instant) throws -> WalletDecision {
        let decision = try wallet.release(holds[id], at: now)
        holds[id] = nil
        wallet = decision.wallet
        return decision
    }

    private mutating func answerRecharge(paid: Bool) throws -> WalletDecision {
        guard let amount = pendingRecharge else { throw WalletRefusal.noRecharge }
        let decision = paid ? try wallet.rechargePaid(amount) : try wallet.rechargeFailed()
        pendingRecharge = nil
        return decision
    }

    private func result(_ name: String, _ step: Step) -> JSONValue {
        var fields: [JSONValue.Field] = []
        func add(_ name: String, _ value: JSONValue) { fields.append(JSONValue.Field(name: name, value: value)) }
        add("op", .string(name))
        add("ok", .bool(step.refusal == nil))
        add("error", .optional(step.refusal?.rawValue))
        add("alert", .count(step.decision?.alert?.rawValue))
        add("recharge", .money(step.decision?.recharge, .cents))
        add("flags", .array((step.decision?.flags ?? []).map { .string($0.rawValue) }))
        add("ledger", .array((step.decision?.entries ?? []).map(entry)))
        if name == "authorize" || name == "extend" {
            add("max_seconds", .count(step.hold?.maximumSeconds))
            add("reserve_seconds", .count(step.hold?.hold.reserveSeconds))
            add("hold", .money(step.hold?.hold.amount, .ledger))
        }
        add("balance", .money(wallet.balance, .ledger))
        add("accrued", .money(wallet.accrued, .ledger))
        add("residue", .money(wallet.residue, .charge))
        add("held", .money(wallet.held, .ledger))
        add("available", .money(wallet.available, .ledger))
        add("suspended", .bool(wallet.isSuspended || wallet.isBlocked))
        return .object(fields)
    }

    private func entry(_ entry: LedgerEntry) -> JSONValue {
        .fields([
            "type": .string(entry.kind.rawValue), "amount": .money(entry.amount, .ledger),
            "balance_before": .money(entry.balanceBefore, .ledger),
            "balance_after": .money(entry.balanceAfter, .ledger),
        ])
    }
}
