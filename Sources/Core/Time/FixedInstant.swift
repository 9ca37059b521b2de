/// `2026-11-22T17:03:14.486Z`, as nearly every switch writes an instant: its 24 bytes in three words, so that all digits of a word are
/// checked at once.
struct FixedInstant {
    /// How many bytes it has.
    static let length = 24

    private let date: Digits
    private let hours: Digits
    private let seconds: Digits

    /// - Parameter bytes: 24 of them.
    init(_ bytes: Span<UInt8>) {
        let raw = bytes.bytes
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        precondition(raw.byteCount == FixedInstant.length)
        date = Digits(word(0), form: 0x2D30_302D_3030_3030, slack: 0x7F76_767F_7676_7676)
        hours = Digits(word(8), form: 0x3030_3A30_3054_3030, slack: 0x7676_7F76_767F_7676)
        seconds = Digits(word(16), form: 0x5A30_3030_2E30_303A, slack: 0x7F76_7676_7F76_767F)
    }

    /// The instant; nil where the bytes are none in this form.
    var instant: Instant? {
        guard date.isValid, hours.isValid, seconds.isValid else { return nil }
        let (hour, minute, second) = (hours.number(3, 2), hours.number(6, 2), seconds.number(1, 2))
        let year = date.number(0, 4)
        guard hour <= 23, minute <= 59, second <= 59,
            let day = UsageDay(year: year, month: date.number(5, 2), day: hours.number(0, 2))
        else { return nil }
        return day.startUTC.advanced(seconds: hour * 3_600 + minute * 60 + second)
            .advanced(milliseconds: Int64(seconds.number(4, 3)))
    }
}

/// Eight bytes of text, digits and signs between them, the first in the lowest byte.
private struct Digits {
    /// Whether all of them are of the form.
    let isValid: Bool
    /// What each digit counts; 0 for a sign.
    private let values: UInt64

    /// - Parameters:
    ///   - form: `0` where a digit stands, and the signs.
    ///   - slack: 0x76 for a digit and 0x7F for a sign. Added to a byte's difference from the form, it sets the byte's highest bit where
    ///     the difference is too great.
    init(_ word: UInt64, form: UInt64, slack: UInt64) {
        values = word ^ form
        isValid = (values | values &+ slack) & 0x8080_8080_8080_8080 == 0
    }

    /// The number of so many digits.
    @inline(__always)
    func number(_ start: Int, _ count: Int) -> Int {
        var number = 0
        for place in start..<start + count { number = number * 10 + Int(values >> UInt64(8 * place) & 0xF) }
        return number
    }
}
