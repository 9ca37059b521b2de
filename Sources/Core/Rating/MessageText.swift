/// How a message's text goes over the air: coding, length and number of segments (rules S1, S2).
public struct MessageText: Hashable, Sendable {
    public let encoding: MessageEncoding
    /// Septets of GSM-7, UTF-16 units of UCS-2.
    public let length: Int
    public let segments: Int

    /// The measures of a text under a data coding; 8 forces UCS-2.
    public init(_ body: String, coding: Int?) {
        if coding != 8, let septets = MessageText.septets(of: body) {
            encoding = .gsm7
            length = septets.reduce(0, +)
            segments = MessageText.parts(of: septets, length: length, single: 160, part: 153)
        } else {
            let units = body.unicodeScalars.map { $0.value > 0xFFFF ? 2 : 1 }
            encoding = .ucs2
            length = units.reduce(0, +)
            segments = MessageText.parts(of: units, length: length, single: 70, part: 67)
        }
    }

    /// Greedy parts in which no character is split.
    private static func parts(of costs: [Int], length: Int, single: Int, part: Int) -> Int {
        guard length > single else { return 1 }
        var parts = 1
        var used = 0
        for cost in costs {
            if used + cost > part {
                parts += 1
                used = 0
            }
            used += cost
        }
        return parts
    }

    /// What each character costs in GSM-7; nil where one is in neither table (3GPP TS 23.038).
    private static func septets(of body: String) -> [Int]? {
        var septets: [Int] = []
        septets.reserveCapacity(body.utf8.count)
        for scalar in body.unicodeScalars {
            if defaultAlphabet.contains(scalar) {
                septets.append(1)
            } else if extensionTable.contains(scalar) {
                septets.append(2)
            } else {
                return nil
            }
        }
        return septets
    }

    private static let defaultAlphabet = Set(alphabet).subtracting(["\u{1B}"])

    private static let extensionTable = Set(extensionCharacters.values)
}
