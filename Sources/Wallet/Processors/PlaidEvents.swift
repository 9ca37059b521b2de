import Core

/// One piece of news of a transfer or a refund.
struct PlaidEvent: Sendable, Equatable {
    /// Increases from event to event; what `Plaid.events(after:count:)` goes on from.
    let id: Int64
    let kind: Kind
    /// Plaid's id; empty for a sweep.
    let transfer: String
    /// The refund that the event is about.
    let refund: String?
    /// The transfer's amount.
    let amount: Money?
    /// `R01` and the like, where a transfer or refund came back.
    let failureCode: String?
    let failureText: String?
    /// When it happened, by Plaid's clock.
    let at: Instant?

    enum Kind: Sendable, Equatable {
        /// A transfer has this status now.
        case transfer(PlaidTransferStatus)
        /// A refund has this status now.
        case refund(PlaidTransferStatus)
        /// Sweeps between Plaid and our bank, and what is new: of no wallet's concern.
        case other(String)

        init(_ type: String) {
            if let status = PlaidTransferStatus(rawValue: type) {
                self = .transfer(status)
            } else if type.hasPrefix("refund."), let status = PlaidTransferStatus(rawValue: String(type.dropFirst(7))) {
                self = .refund(status)
            } else {
                self = .other(type)
            }
        }
    }
}

/// Events in the order of their ids.
struct PlaidEventPage: Sendable, Equatable {
    let events: [PlaidEvent]
    /// Whether there are more after these.
    let hasMore: Bool
}

extension Plaid {
    /// The events after an id, oldest first; from 0 on all of them. The caller keeps the last id in the same transaction as what the
    /// events did. An event that cannot be read stops here: none is passed over.
    /// - Parameter count: 1 to 500.
    func events(after id: Int64, count: Int = 100) async throws(ProcessorError) -> PlaidEventPage {
        var body = JSONWriter()
        body.object { body in
            body.field("after_id", id)
            body.field("count", min(max(count, 1), 500))
        }
        let answer = try await post("/transfer/event/sync", body.bytes)
        guard let documents = answer["transfer_events"]?.elements, let hasMore = answer["has_more"]?.bool else {
            throw .unreadable("the answer is no page of events")
        }
        var events: [PlaidEvent] = []
        for document in documents { events.append(try PlaidEvent(document)) }
        events.sort { $0.id < $1.id }
        if let first = events.first, first.id <= id { throw .unreadable("event \(first.id) is not after \(id)") }
        if hasMore, events.isEmpty { throw .unreadable("more events are promised, and none is given") }
        return PlaidEventPage(events: events, hasMore: hasMore)
    }
}

extension PlaidEvent {
    fileprivate init(_ document: Core.JSONValue) throws(ProcessorError) {
        guard case .number(let digits)? = document["event_id"], let id = Int64(digits) else {
            throw .unreadable("an event without an id")
        }
        guard let type = document["event_type"]?.string, let transfer = document["transfer_id"]?.string else {
            throw .unreadable("event \(id) has no type or no transfer")
        }
        self.id = id
        kind = Kind(type)
        self.transfer = transfer
        refund = document["refund_id"]?.string
        (failureCode, failureText) = PlaidTransfer.failure(document["failure_reason"])
        at = document["timestamp"]?.string.flatMap { Instant(parsing: $0) }
        guard let text = document["transfer_amount"]?.string else {
            amount = nil
            return
        }
        do throws(FixedPoint.ParsingError) {
            amount = try Money(parsing: text)
        } catch {
            throw .unreadable("event \(id) has an amount that is none: \(text)")
        }
    }
}
