import Core

/// An answer of Authorize.Net. Business errors come with status 200, so it is read twice: `messages`, and where money was asked for
/// the transaction's own code.
struct AuthorizeNetAnswer: Sendable {
    let document: Core.JSONValue
    /// `messages.resultCode`.
    let isOk: Bool
    /// The first message: `I00001`, `E00007`.
    let code: String
    let text: String

    /// Each answer begins with a byte order mark, which is no JSON.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// - Parameter reference: the request's; an answer that carries another one is not ours.
    init(reading body: [UInt8], to reference: String?) throws(ProcessorError) {
        let bytes = body.starts(with: Self.byteOrderMark) ? Array(body.dropFirst(Self.byteOrderMark.count)) : body
        do throws(Core.JSONValue.ParsingError) {
            document = try Core.JSONValue(parsing: bytes)
        } catch {
            throw .unreadable("the answer is no JSON")
        }
        guard let result = document["messages"]?["resultCode"]?.string else {
            throw .unreadable("the answer has no result code")
        }
        if let reference, let echoed = document["refId"]?.content, echoed != reference {
            throw .unreadable("the answer is to another request")
        }
        isOk = result == "Ok"
        let message = document["messages"]?["message"]?.listed.first
        code = message?["code"]?.content ?? ""
        text = message?["text"]?.content ?? ""
    }

    /// What an answer without a transaction says.
    var fault: ProcessorError {
        switch code {
        case "E00005", "E00006", "E00007", "E00008", "E00010", "E00011": .credentials("\(code) \(text)")
        case "E00002", "E00003", "E00004", "E00013", "E00014", "E00015", "E00016": .badRequest("\(code) \(text)")
        case "E00001", "E00053", "E00104": .failing("\(code) \(text)")
        case "": .unreadable("the answer has no message")
        default: isOk ? .unreadable("\(code) without what was asked for") : .refused(code: code, text: text)
        }
    }

    /// What became of a transaction; nil where the answer is about none.
    var transaction: TransactionResponse? {
        document["transactionResponse"].flatMap { TransactionResponse($0) }
    }
}

/// `transactionResponse`: what became of a charge, a refund or a void.
struct TransactionResponse: Sendable, Equatable {
    enum Outcome: Sendable, Equatable {
        case approved(ProcessorPayment)
        case heldForReview(ProcessorPayment)
        case declined(code: String, text: String)
        /// The same was asked for before, within the window: it went through, or was declined, under this id.
        case duplicate(ofTransaction: String?)
        /// It says neither.
        case unclear(String)
    }

    let outcome: Outcome

    /// Reasons of code 3 that blame the way to the card's bank: nobody knows what arrived.
    private static let troubles: Set<String> = [
        "19", "20", "21", "22", "23", "25", "26", "57", "58", "59", "60", "61", "62", "63", "120", "121", "122",
    ]

    init?(_ response: Core.JSONValue) {
        guard let responseCode = response["responseCode"]?.content else { return nil }
        // 0 is the id of a transaction that was not kept, as in test mode.
        let id = response["transId"]?.content.flatMap { $0 == "0" || $0.isEmpty ? nil : $0 }
        let payment = id.map { id in
            ProcessorPayment(
                id: id, lastFour: response["accountNumber"]?.lastFour,
                authCode: response["authCode"]?.content.flatMap { $0.isEmpty ? nil : $0 })
        }
        let error = response["errors"]?.listed.first
        let reason = error?["errorCode"]?.content ?? responseCode
        let text = error?["errorText"]?.content ?? ""
        switch (responseCode, payment) {
        case ("1", let payment?): outcome = .approved(payment)
        case ("4", let payment?): outcome = .heldForReview(payment)
        case ("2", _): outcome = .declined(code: reason, text: text)
        case ("3", _) where reason == "11": outcome = .duplicate(ofTransaction: id)
        case ("3", _) where error == nil || Self.troubles.contains(reason): outcome = .unclear("\(reason) \(text)")
        case ("3", _): outcome = .declined(code: reason, text: text)
        default: outcome = .unclear("response code \(responseCode)" + (id == nil ? " without a transaction id" : ""))
        }
    }
}

extension Core.JSONValue {
    /// A text or a number as it is written: numbers there may be texts.
    var content: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .null, .bool, .array, .object: nil
        }
    }

    /// The elements of a list that may come as its only element.
    var listed: [Core.JSONValue] {
        switch self {
        case .array(let elements): elements
        case .object: [self]
        case .null, .bool, .number, .string: []
        }
    }

    /// The digits of `XXXX1111`.
    var lastFour: String? {
        guard let digits = string?.suffix(4), digits.utf8.count == 4,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return String(digits)
    }
}
