import Core

/// A list of transactions.
enum AuthorizeNetList: Sendable {
    case unsettled
    /// Of one customer profile, settled or not.
    case customer(String)
    case batch(String)

    /// The longest page there is.
    static let pageLength = 1_000
    /// More pages than these are not read: the list then says nothing.
    static let pageLimit = 30
}

extension AuthorizeNet {
    /// How far back batches are looked through. An attempt is looked for within hours, and what is older stands in the customer's list.
    private static let settledDays = 3

    /// Looks where the transaction goes with time, in that order: one that is settled meanwhile is met in a later list.
    func found(
        _ expected: ExpectedTransaction, ofCustomer profile: String
    ) async throws(ProcessorError) -> ChargeAnswer? {
        if let answer = try await found(expected, in: .unsettled) { return answer }
        if let answer = try await found(expected, in: .customer(profile)) { return answer }
        for batch in try await settledBatches() {
            if let answer = try await found(expected, in: .batch(batch)) { return answer }
        }
        return nil
    }

    /// What the list's transactions of that reference say; their details decide, since a list has no types.
    private func found(
        _ expected: ExpectedTransaction, in list: AuthorizeNetList
    ) async throws(ProcessorError) -> ChargeAnswer? {
        var declined: ChargeAnswer?
        for id in try await transactions(of: expected.reference, in: list) {
            guard let details = try await details(id) else { throw .unreadable("no transaction \(id) but in a list") }
            // A refund may carry the same reference.
            if let kind = details.kind, kind != expected.type { continue }
            let answer = details.answer(expecting: expected)
            guard case .declined = answer else { return answer }
            declined = answer
        }
        return declined
    }

    /// Ids of the transactions in a list that carry a reference. The whole list is read, or it throws: absence must be sure.
    private func transactions(
        of reference: String, in list: AuthorizeNetList
    ) async throws(ProcessorError) -> [String] {
        var seen: Set<String> = []
        var ids: [String] = []
        var total = 0
        for number in 1...AuthorizeNetList.pageLimit {
            let page = try await page(number, of: list)
            let before = seen.count
            for transaction in page.transactions where seen.insert(transaction.id).inserted {
                if transaction.reference == reference { ids.append(transaction.id) }
            }
            total = max(total, page.total ?? 0)
            if page.transactions.count < AuthorizeNetList.pageLength, seen.count >= total { return ids }
            guard seen.count > before else { throw .unreadable("\(seen.count) of \(total) transactions in a list") }
        }
        throw .unreadable("a list of more than \(AuthorizeNetList.pageLimit) pages")
    }

    private struct Page {
        var transactions: [(id: String, reference: String?)] = []
        /// How many the whole list has, where the answer tells.
        var total: Int?
    }

    private func page(_ number: Int, of list: AuthorizeNetList) async throws(ProcessorError) -> Page {
        let answer: AuthorizeNetAnswer
        do throws(ProcessorError) {
            answer = try await ask(try .page(number, of: list))
        } catch .refused("E00040", _) {
            return Page()
        }
        guard let transactions = answer.document["transactions"] else {
            guard answer.isOfNothing else { throw .unreadable("a list without transactions") }
            return Page()
        }
        var page = Page()
        page.total = answer.document["totalNumInResultSet"]?.content.flatMap { Int($0) }
        for transaction in transactions.listed {
            guard let id = transaction["transId"]?.content else { throw .unreadable("a transaction without its id") }
            page.transactions.append((id, transaction["invoiceNumber"]?.content))
        }
        return page
    }

    /// The batches of the last days.
    private func settledBatches() async throws(ProcessorError) -> [String] {
        let span = settlementSpan(days: Self.settledDays)
        let answer = try await ask(.settledBatches(from: span.start, to: span.end))
        guard let batches = answer.document["batchList"] else {
            guard answer.isOfNothing else { throw .unreadable("a list without batches") }
            return []
        }
        var ids: [String] = []
        for batch in batches.listed {
            guard let id = batch["batchId"]?.content else { throw .unreadable("a batch without its id") }
            ids.append(id)
        }
        return ids
    }
}

extension AuthorizeNetAnswer {
    /// `No records found.`
    fileprivate var isOfNothing: Bool {
        code == "I00004" || document["totalNumInResultSet"]?.content == "0"
    }
}
