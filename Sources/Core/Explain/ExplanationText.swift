extension Explanation {
    /// The explanation for a person: a line that sums it up, then numbered steps, none wider than `columns`.
    /// - Parameter forCustomer: leaves out what is not for the customer: vendor, cost and margin.
    public func text(forCustomer: Bool = false, columns: Int = 100) -> String {
        var lines = TextLines.wrapped(summary, columns: columns)
        var number = 0
        var isInternal = false
        for step in steps where !(forCustomer && step.topic.isInternal) {
            number += 1
            if step.topic.isInternal, !isInternal {
                isInternal = true
                lines += ["", "For us, not for the customer"]
            }
            lines += ["", TextLines.numbered(number) + step.topic.title]
            let rules = step.rules.isEmpty ? "" : " (\(step.rules.joined(separator: ", ")))"
            for (index, sentence) in step.sentences.enumerated() {
                let isLast = index == step.sentences.count - 1
                lines += TextLines.wrapped(sentence + (isLast ? rules : ""), columns: columns, indent: 4)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One line: which record, whose, and what it came to.
    public var summary: String {
        switch subject {
        case .refusal(let reason, let kind):
            let record = kind.map { "A record of kind \($0.name)" } ?? "A record of no known kind"
            return "\(record) was refused: \(reason.code.rawValue)"
                + (reason.field.isEmpty ? "" : " at \(reason.field)")
        case .usage(let usage):
            let account = usage.customerBAN.map { "account \($0.text)" } ?? "no account"
            return "\(usage.noun.capitalizedFirst) \(usage.key), \(account): \(usage.outcomePhrase)"
        }
    }
}

extension RatedUsage {
    /// What a person calls it.
    var noun: String {
        switch evidence {
        case .call: "call"
        case .message: service == .mms ? "picture message" : "message"
        case .query: "query"
        }
    }

    /// What became of it, in a few words.
    fileprivate var outcomePhrase: String {
        switch status {
        case .rated: "rated, \(charge.map { Words.dollars($0) } ?? "no charge")"
        case .notBillable: "not billable, nothing to pay"
        case .held: "held until a person has looked at it, no charge yet"
        case .unrated: "unrated, no charge yet"
        }
    }
}

/// Lines of plain text.
enum TextLines {
    /// A text in lines of at most so many characters, all behind an indent.
    static func wrapped(_ text: String, columns: Int, indent: Int = 0) -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > columns {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [margin + line]
    }

    /// ` 1. `, in four characters.
    static func numbered(_ number: Int) -> String { (number < 10 ? " " : "") + "\(number). " }
}

extension String {
    /// With a capital at its start.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
