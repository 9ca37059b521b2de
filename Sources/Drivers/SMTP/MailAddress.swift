/// An e-mail address with or without a name: `ops@example.com`, `Example Billing <billing@example.com>`. A value holds nothing that
/// could begin another header line or another command.
public struct MailAddress: Sendable, Hashable {
    /// What people read; empty where there is none.
    public let name: String
    /// Before the at sign.
    public let local: String
    /// Behind it.
    public let domain: String

    /// An address from its text; nil where it is none. Quoted local parts, address literals and addresses beyond ASCII are not taken.
    public init?(parsing text: String) {
        guard !text.utf8.contains(where: MailText.isControl), text.utf8.count <= 1_000 else { return nil }
        var address = MailAddress.trimmed(text[...])
        var name = ""
        if address.last == ">" {
            guard let open = address.lastIndex(of: "<") else { return nil }
            name = String(MailAddress.trimmed(address[..<open]))
            if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
                name = String(name.dropFirst().dropLast())
            }
            address = address[address.index(after: open)...].dropLast()
        }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, MailAddress.isLocal(parts[0]), MailAddress.isDomain(parts[1]),
            !name.contains(where: { "<>\"\\".contains($0) })
        else { return nil }
        self.name = name
        local = String(parts[0])
        domain = String(parts[1])
    }

    /// The address alone, as SMTP's commands take it.
    public var address: String { "\(local)@\(domain)" }

    /// As a header has it.
    var header: String {
        if name.isEmpty { return address }
        return MailText.isPlain(name) ? "\"\(name)\" <\(address)>" : "\(MailText.encodedWords(name)) <\(address)>"
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Words of the characters that need no quotes, with dots between them (RFC 5322, dot-atom).
    private static func isLocal(_ text: Substring) -> Bool {
        let atom = Set("!#$%&'*+-/=?^_`{|}~".utf8)
        return (1...64).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { word in
                !word.isEmpty && word.utf8.allSatisfy { isLetterOrDigit($0) || atom.contains($0) }
            }
    }

    private static func isDomain(_ text: Substring) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
