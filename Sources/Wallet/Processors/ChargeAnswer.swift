import Core

/// What became of a charge, as far as its processor has told.
enum ChargeAnswer: Sendable, Equatable {
    /// The money is ours.
    case paid(ProcessorPayment)
    /// The charge is made; whether it brings money is told later.
    case pending(ProcessorPayment)
    /// The processor, the bank or the network said no.
    case declined(code: String, text: String)
    /// It may have been made: look before anything else is done.
    case unknown(reason: String)
    /// This call certainly did nothing.
    case notSent(reason: String)
}

/// A charge as its processor knows it.
struct ProcessorPayment: Sendable, Equatable {
    /// The processor's id.
    let id: String
    /// The last four characters of the card's or account's number, where the processor tells them.
    let lastFour: String?
    /// The issuer's approval, where there is one.
    let authCode: String?
}
