/// What became of a charge as far as the processor told.
enum ChargeAnswer: Sendable, Equatable {
    /// Approved.
    case paid(ProcessorPayment)
    /// Accepted, the money is not there yet (card: held for review, code 4; ACH: transfer made).
    case pending(ProcessorPayment)
    /// Nothing was or will be charged.
    case declined(code: String, text: String)
    /// It may or may not have happened: a timeout, a 5xx, E00001, E00053, an answer that cannot be read.
    case unknown(reason: String)
    /// Surely nothing happened: no connection at all, 429, bad credentials, a malformed body of ours.
    case notSent(reason: String)
}

/// A payment as the processor knows it.
struct ProcessorPayment: Sendable, Equatable {
    /// Transaction id or transfer id.
    let id: String
    let lastFour: String?
    let authCode: String?
}
