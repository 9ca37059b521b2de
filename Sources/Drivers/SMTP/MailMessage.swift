import Glibc

/// A message of plain text to one address (RFC 5322).
public struct MailMessage: Sendable {
    public var from: MailAddress
    public var to: MailAddress
    public var subject: String
    /// Lines of any length, ended in any manner.
    public var text: String
    /// What makes the message one of its kind, such as a UUID: a repeat has the same. With the sender's domain it is the Message-ID.
    public var id: String
    /// Milliseconds since 1970.
    public var date: Int64

    public init(from: MailAddress, to: MailAddress, subject: String, text: String, id: String, date: Int64) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.id = id
        self.date = date
    }

    /// The message as it is sent, without SMTP's dots.
    func bytes() throws(SMTPError) -> [UInt8] {
        guard !subject.utf8.contains(where: MailText.isControl) else {
            throw .invalidMessage("a control character in the subject")
        }
        let isName = { (byte: UInt8) in byte > 32 && byte < 127 && !"<>@()\"\\".utf8.contains(byte) }
        guard (1...100).contains(id.utf8.count), id.utf8.allSatisfy(isName) else {
            throw .invalidMessage("the id is no word")
        }
        let headers = [
            "From: \(from.header)", "To: \(to.header)",
            "Subject: \(MailText.isPlain(subject) ? subject : MailText.encodedWords(subject))",
            "Date: \(MailMessage.dateText(date))", "Message-ID: <\(id)@\(from.domain)>",
            // So that nothing answers by itself (RFC 3834).
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
        ]
        return Array((headers.joined(separator: "\r\n") + "\r\n\r\n").utf8) + MailText.quotedPrintable(text)
    }

    /// `Mon, 23 Nov 2026 17:03:14 +0000`
    static func dateText(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return
            "\(weekdays[Int(parts.tm_wday)]), \(parts.tm_mday) \(months[Int(parts.tm_mon)]) \(1_900 + parts.tm_year) "
            + time.joined(separator: ":") + " +0000"
    }
}
