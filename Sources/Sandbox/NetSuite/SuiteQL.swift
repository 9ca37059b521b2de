import Foundation
import Hummingbird

/// The few SuiteQL questions that billing asks: columns of `transaction` under simple conditions, in order of `id`.
///
///     SELECT t.id, t.externalid FROM transaction t WHERE t.type = 'CustInvc' AND t.foreignamountunpaid > 0 ORDER BY t.id
struct SuiteQL {
    static let pageLimit = 1000

    private let statement: Statement
    private let limit: Int
    private let offset: Int

    init(_ request: NetSuiteRequest) throws(NetSuiteFault) {
        guard request.head.headers[.prefer]?.contains("transient") == true else {
            throw NetSuiteFault(status: 400, code: "INVALID_HEADER", detail: "Prefer: transient is required.")
        }
        guard let text = try request.json()["q"]?.string else { throw .content("The body has no query.", path: "q") }
        let query = request.head.uri.queryParameters
        limit = query["limit"].flatMap { Int($0) } ?? Self.pageLimit
        offset = query["offset"].flatMap { Int($0) } ?? 0
        guard (1...Self.pageLimit).contains(limit), offset >= 0, offset.isMultiple(of: limit) else {
            throw NetSuiteFault(
                status: 400, code: "INVALID_PARAMETER",
                detail: "limit is at most \(Self.pageLimit), offset a multiple of it.")
        }
        statement = try Statement(text)
    }

    /// One page of rows: keys in lower case, values as strings, nulls left out.
    func answer(from records: NetSuiteRecords) async throws(NetSuiteFault) -> Response {
        var rows: [[String: String]] = []
        for type in [NetSuiteRecordType.invoice, .creditMemo, .customerPayment, .vendorBill] {
            for record in await records.all(type) {
                rows.append(await records.transactionRow(record, type))
            }
        }
        let found = rows.filter { row in statement.conditions.allSatisfy { $0.holds(for: row) } }
            .sorted { (Int($0["id"] ?? "") ?? 0) < (Int($1["id"] ?? "") ?? 0) }
        let page = found.dropFirst(offset).prefix(limit)
        let items = page.map { row in
            var item = JSONObject()
            for column in statement.columns {
                if let value = row[column] { item[column] = .string(value) }
            }
            return JSONValue.object(item)
        }
        return Response(
            json: .object([
                "links": .array([]), "count": .number("\(items.count)"),
                "hasMore": .bool(offset + items.count < found.count), "items": .array(items),
                "offset": .number("\(offset)"), "totalResults": .number("\(found.count)"),
            ]))
    }

    /// A comparison of a column with a literal.
    private struct Condition {
        let column: String
        let comparison: String
        let literals: [String]

        func holds(for row: [String: String]) -> Bool {
            guard let value = row[column] else { return false }
            if comparison == "in" { return literals.contains(value) }
            guard let order = Self.order(value, literals[0]) else { return false }
            return switch comparison {
            case "=": order == 0
            case "<>", "!=": order != 0
            case ">": order > 0
            case ">=": order >= 0
            case "<": order < 0
            default: order <= 0
            }
        }

        /// Numbers by value (all of them have at most two decimals), everything else as text.
        private static func order(_ left: String, _ right: String) -> Int? {
            if let left = Cents.parse(left), let right = Cents.parse(right) {
                return left < right ? -1 : left == right ? 0 : 1
            }
            return left < right ? -1 : left == right ? 0 : 1
        }
    }

    private struct Statement {
        let columns: [String]
        let conditions: [Condition]

        init(_ text: String) throws(NetSuiteFault) {
            var words = SuiteQLWords(text)
            try words.expect("select")
            var columns = [try words.column()]
            while words.take(",") { columns.append(try words.column()) }
            try words.expect("from")
            try words.expect("transaction")
            if words.peek != "where", words.peek != "order", words.peek != nil { _ = words.next() }
            var conditions: [Condition] = []
            if words.take("where") {
                repeat { conditions.append(try Self.condition(&words)) } while words.take("and")
            }
            // Without a unique order NetSuite's pages repeat and miss rows; the stand-in refuses the question.
            guard words.take("order"), words.take("by"), try words.column() == "id" else {
                throw words.fault("ORDER BY id is missing: pages would repeat and miss rows")
            }
            _ = words.take("asc")
            guard words.peek == nil else { throw words.fault("not understood") }
            self.columns = columns
            self.conditions = conditions
        }

        private static func condition(_ words: inout SuiteQLWords) throws(NetSuiteFault) -> Condition {
            let column = try words.column()
            guard let comparison = words.next(), ["=", "<>", "!=", "<", "<=", ">", ">=", "in"].contains(comparison)
            else {
                throw words.fault("a comparison was expected")
            }
            guard comparison == "in" else {
                return Condition(column: column, comparison: comparison, literals: [try words.literal()])
            }
            try words.expect("(")
            var literals = [try words.literal()]
            while words.take(",") { literals.append(try words.literal()) }
            try words.expect(")")
            return Condition(column: column, comparison: comparison, literals: literals)
        }
    }
}

/// The words of a statement: names in lower case, text literals with a leading quote.
private struct SuiteQLWords {
    private var words: [String] = []
    private var position = 0

    init(_ text: String) {
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "'" {
                let literal = rest.dropFirst().prefix { $0 != "'" }
                words.append("'" + literal)
                rest = rest.dropFirst(literal.count + 2)
            } else if ["<=", ">=", "<>", "!="].contains(rest.prefix(2)) {
                words.append(String(rest.prefix(2)))
                rest.removeFirst(2)
            } else if first.isLetter || first.isNumber {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
                words.append(word.lowercased())
                rest = rest.dropFirst(word.count)
            } else {
                words.append(String(first))
                rest.removeFirst()
            }
        }
    }

    var peek: String? { position < words.count ? words[position] : nil }

    mutating func next() -> String? {
        defer { position += 1 }
        return peek
    }

    mutating func take(_ word: String) -> Bool {
        guard peek == word else { return false }
        position += 1
        return true
    }

    mutating func expect(_ word: String) throws(NetSuiteFault) {
        guard take(word) else { throw fault("\(word) was expected") }
    }

    /// A column's name without the table's.
    mutating func column() throws(NetSuiteFault) -> String {
        guard let word = next(), word.first?.isLetter == true else { throw fault("a column was expected") }
        return String(word.split(separator: ".").last ?? "")
    }

    /// A number, a text, or `TO_DATE('…', '…')` as its text.
    mutating func literal() throws(NetSuiteFault) -> String {
        guard let word = next() else { throw fault("a literal was expected") }
        if word.hasPrefix("'") { return String(word.dropFirst()) }
        if word == "to_date" {
            try expect("(")
            let text = try literal()
            try expect(",")
            _ = try literal()
            try expect(")")
            return text
        }
        guard word.first?.isNumber == true else { throw fault("a literal was expected") }
        return word
    }

    func fault(_ problem: String) -> NetSuiteFault {
        let near = words.dropFirst(max(position - 1, 0)).prefix(4).joined(separator: " ")
        return NetSuiteFault(
            status: 400, code: "INVALID_PARAMETER", detail: "Invalid search query: \(problem), near: \(near)")
    }
}

extension NetSuiteRecords {
    /// A record as a row of SuiteQL's `transaction`.
    func transactionRow(_ record: NetSuiteRecord, _ type: NetSuiteRecordType) -> [String: String] {
        let entity = record.fields["entity"] ?? record.fields["customer"]
        let total: Int64
        if case .number(let digits)? = record.fields["payment"] {
            total = Cents.parse(digits) ?? 0
        } else {
            total = NetSuiteTotals.total(of: record)
        }
        let modified = record.modified.formatted(
            .verbatim(
                "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
                timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
        var row = [
            "id": String(record.id), "type": type.transactionCode, "foreigntotal": Cents.text(total),
            "lastmodifieddate": modified,
        ]
        if type.name == NetSuiteRecordType.invoice.name { row["foreignamountunpaid"] = Cents.text(unpaid(record)) }
        row["tranid"] = record.fields["tranId"]?.string
        row["externalid"] = record.externalID
        row["entity"] = entity.flatMap { customerID($0) }
        row["trandate"] = record.fields["tranDate"]?.string
        row["duedate"] = record.fields["dueDate"]?.string
        return row
    }

    private func customerID(_ reference: JSONValue) -> String? {
        if let id = reference["id"]?.string { return id }
        return all(.customer).first { $0.externalID == reference["externalId"]?.string }.map { String($0.id) }
    }
}

extension NetSuiteRecordType {
    fileprivate var transactionCode: String {
        switch name {
        case "invoice": "CustInvc"
        case "creditMemo": "CustCred"
        case "customerPayment": "CustPymt"
        default: "VendBill"
        }
    }
}
