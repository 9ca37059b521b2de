import DaemonKit

/// What a payment processor did not do, or may not have done.
enum ProcessorError: Failure, Hashable {
    /// Nothing left this machine.
    case notReached(String)
    /// No answer within the deadline, or the connection broke: it may have been done.
    case timedOut(String)
    /// It failed while it worked (5xx, or an error of its own): it may have been done.
    case failing(String)
    /// It takes no request now (429); nothing was done.
    case busy(String)
    /// It said no.
    case refused(code: String, text: String)
    /// It does not let us in: nothing was done, and a person must see to the account.
    case credentials(String)
    /// It cannot read what we sent, or we saw before sending that it would not: nothing was done.
    case badRequest(String)
    /// An answer that does not say what became of the request.
    case unreadable(String)

    var reason: String {
        switch self {
        case .notReached: "processor-not-reached"
        case .timedOut: "processor-timeout"
        case .failing: "processor-failing"
        case .busy: "processor-busy"
        case .refused: "processor-refused"
        case .credentials: "processor-credentials"
        case .badRequest: "processor-bad-request"
        case .unreadable: "processor-unreadable"
        }
    }

    var isTransient: Bool {
        switch self {
        case .notReached, .timedOut, .failing, .busy: true
        case .refused, .credentials, .badRequest, .unreadable: false
        }
    }

    /// Its reason and the processor's words: `processor-timeout: no answer within the deadline`.
    var account: String {
        switch self {
        case .notReached(let words), .timedOut(let words), .failing(let words), .busy(let words),
            .credentials(let words), .badRequest(let words), .unreadable(let words):
            "\(reason): \(words)"
        case .refused(let code, let text): "\(reason): \(code) \(text)"
        }
    }
}

extension ChargeAnswer {
    /// What a failed request says of a charge. Its `reason` begins with the error's, up to the colon.
    init(_ error: ProcessorError) {
        self =
            switch error {
            case .refused(let code, let text): .declined(code: code, text: text)
            case .timedOut, .failing, .unreadable: .unknown(reason: error.account)
            case .notReached, .busy, .credentials, .badRequest: .notSent(reason: error.account)
            }
    }
}
