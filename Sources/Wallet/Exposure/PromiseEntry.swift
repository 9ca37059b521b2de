import Core
import Reference

/// What the journal of promises holds: one line of JSON for each answer that was given while PostgreSQL was away.
enum PromiseEntry: Sendable {
    /// A call's hold as the answer left it: granted, extended, ended or released.
    case hold(HoldRow)
    /// The end, after so many seconds, of a call whose hold this instance does not know.
    case end(call: String, seconds: Int)

    /// The call's `sip_uuid`.
    var call: String {
        switch self {
        case .hold(let row): row.hold.id
        case .end(let call, _): call
        }
    }

    /// The entry as bytes.
    var bytes: [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.field("sip_uuid", call)
            switch self {
            case .end(_, let seconds): json.field("seconds", seconds)
            case .hold(let row): row.write(to: &json)
            }
        }
        return json.bytes
    }

    /// The entry of these bytes; nil for what is none (of a newer version, or of another program).
    init?(_ bytes: [UInt8]) {
        do {
            let json = try Core.JSONValue(parsing: bytes)
            guard let call = json["sip_uuid"]?.string else { return nil }
            if let seconds = json["seconds"]?.integer {
                self = .end(call: call, seconds: seconds)
            } else if let row = try HoldRow(of: call, json) {
                self = .hold(row)
            } else {
                return nil
            }
        } catch {
            return nil
        }
    }
}

extension HoldRow {
    fileprivate func write(to json: inout JSONWriter) {
        json.field("customer_id", customer.text)
        json.field("state", state.rawValue)
        json.field("amount", hold.amount.text(.ledger))
        json.field("reserve_seconds", hold.reserveSeconds)
        json.field("rate", hold.price.rate.text)
        json.field("terms", hold.price.terms.stored)
        json.field("question", question.text)
        json.field("created_at", createdAt.text)
        switch hold.phase {
        case .open(let until): json.field("open_until", until.text)
        case .ended(let at): json.field("ended_at", at.text)
        }
    }

    fileprivate init?(of call: String, _ json: Core.JSONValue) throws {
        func instant(_ name: String) -> Instant? { json[name]?.string.flatMap { Instant(parsing: $0) } }
        guard let customer = json["customer_id"]?.string.flatMap({ CustomerID(parsing: $0) }),
            let state = json["state"]?.string.flatMap(State.init), let amount = json["amount"]?.string,
            let seconds = json["reserve_seconds"]?.integer, let rate = json["rate"]?.string,
            let terms = json["terms"]?.string,
            let question = json["question"]?.string.flatMap({ Identifier128(parsing: $0) }),
            let createdAt = instant("created_at"),
            let phase = instant("ended_at").map(Hold.Phase.ended) ?? instant("open_until").map(Hold.Phase.open)
        else { return nil }
        self.init(
            id: UsageID(RecordReader.id(.cdr, naturalKey: call)), customer: customer, state: state,
            hold: Hold(
                id: call, amount: try Money(parsing: amount), reserveSeconds: seconds,
                price: CallPrice(rate: try Rate(parsing: rate), terms: try Terms(stored: terms)), phase: phase),
            question: question, createdAt: createdAt)
    }
}
