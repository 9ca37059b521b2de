/// SplitMix64: the same seed, the same cases, on every machine.
public struct SplitMix: Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True so many times in a hundred.
    mutating func chance(_ percent: Int) -> Bool {
        number(1...100) <= percent
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(0...elements.count - 1)]
    }

    mutating func digits(_ count: Int) -> String {
        (0..<count).map { _ in String(number(0...9)) }.joined()
    }

    /// Picks by weight.
    mutating func pick<Element>(weighted choices: [(weight: Int, element: Element)]) -> Element {
        var left = number(1...choices.reduce(0) { $0 + $1.weight })
        for choice in choices {
            left -= choice.weight
            if left <= 0 { return choice.element }
        }
        return choices[0].element
    }

    /// A price per unit with seven decimals: often round, so that ties are met, sometimes nothing, sometimes a lot.
    mutating func rate() -> String {
        let units = pick(weighted: [
            (3, 0), (20, number(1...3000)), (50, number(1...400) * 500), (20, number(1...400) * 1000),
            (5, number(1...90) * 1_000_000),
        ])
        return Self.decimal(units, 7)
    }

    /// An amount with so many decimals.
    mutating func amount(_ range: ClosedRange<Int>, _ places: Int) -> String {
        Self.decimal(number(range), places)
    }

    static func decimal(_ units: Int, _ places: Int) -> String {
        var digits = String(abs(units))
        while digits.count <= places { digits = "0" + digits }
        if places > 0 { digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -places)) }
        return units < 0 ? "-" + digits : digits
    }
}
