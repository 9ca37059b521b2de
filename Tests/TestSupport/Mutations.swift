/// The bytes with some seeded damage: flipped bits, other bytes, a part cut out, doubled or moved, an end cut off. For tests that no
/// input makes a parser crash, hang, or take what was never written.
public func mutated(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var changed = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !changed.isEmpty {
        let place = changed.indices.randomElement(using: &generator) ?? 0
        let end = min(changed.count, place + Int.random(in: 1...16, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: changed[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: changed.removeSubrange(place..<end)
        case 3: changed.insert(contentsOf: changed[place..<end], at: place)
        case 4: changed.removeSubrange(place...)
        case 5:
            changed.insert(
                contentsOf: Array(changed[place..<end].reversed()),
                at: changed.indices.randomElement(using: &generator) ?? 0)
        default: changed.insert(interesting.randomElement(using: &generator) ?? 0, at: place)
        }
    }
    return changed
}

/// Bytes that mean something to one parser or another.
private let interesting = Array("{}[]\",:\\%&+=;@<>\n\r\t 0\u{0}".utf8) + [0x80, 0xC0, 0xED, 0xF4, 0xFF]
