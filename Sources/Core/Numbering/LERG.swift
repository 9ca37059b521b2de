/// The numbering guide: which carrier, LATA, state and rate centre a block of numbers belongs to (rules E4, E5).
public struct LERG: Sendable {
    /// One row, its names by their numbers in the table.
    public struct Block: Hashable, Sendable {
        public let ocn: NameTable.Index
        public let lata: NameTable.Index
        public let state: NameTable.Index
        public let rateCenter: NameTable.Index
        public let switchName: NameTable.Index

        /// A row.
        public init(
            ocn: NameTable.Index, lata: NameTable.Index, state: NameTable.Index, rateCenter: NameTable.Index,
            switchName: NameTable.Index
        ) {
            self.ocn = ocn
            self.lata = lata
            self.state = state
            self.rateCenter = rateCenter
            self.switchName = switchName
        }
    }

    private var blocks: [Block] = []
    /// By NPA-NXX: the place in `blocks` plus one, 0 for none, and whether the code has thousands blocks of its own.
    private var codes = [UInt32](repeating: 0, count: 1_000_000)
    /// By NPA-NXX-X, for the codes that are split.
    private var thousands: [UInt32: UInt32] = [:]

    private static let split: UInt32 = 1 << 31

    /// A guide without rows.
    public init() {}

    /// How many rows there are.
    public var count: Int { blocks.count }

    /// Adds a row: the thousands digit 0…9, or nil for the whole code (row `A`).
    public mutating func add(npanxx: Int, thousandsDigit: Int?, _ block: Block) {
        blocks.append(block)
        let place = UInt32(blocks.count)
        if let thousandsDigit {
            thousands[UInt32(npanxx * 10 + thousandsDigit)] = place
            codes[npanxx] |= LERG.split
        } else {
            codes[npanxx] = codes[npanxx] & LERG.split | place
        }
    }

    /// Whether a number's row is that of its thousands block, and not of its whole code (rule E4).
    public func isThousandsBlock(_ number: NationalNumber) -> Bool {
        codes[number.npanxx] & LERG.split != 0 && thousands[UInt32(number.npanxx * 10 + number.block)] != nil
    }

    /// The row of a number: its thousands block, else its whole code.
    public func block(of number: NationalNumber) -> Block? {
        let npanxx = number.npanxx
        let code = codes[npanxx]
        if code & LERG.split != 0, let place = thousands[UInt32(npanxx * 10 + number.block)] {
            return blocks[Int(place) - 1]
        }
        let place = code & ~LERG.split
        return place == 0 ? nil : blocks[Int(place) - 1]
    }
}

/// Local calling areas: rate centres that call each other at the local rate, also across a state line (rule J7).
public struct LocalAreas: Sendable {
    private var areas: [UInt64: Set<NameTable.Index>] = [:]
    /// By rate centre, of any state: whether an area lists it. Most are in none.
    private var isListed: [Bool] = []

    /// No areas.
    public init() {}

    /// Lists a rate centre in an area.
    public mutating func add(area: NameTable.Index, state: NameTable.Index, rateCenter: NameTable.Index) {
        areas[LocalAreas.key(state, rateCenter), default: []].insert(area)
        let missing = Int(rateCenter) + 1 - isListed.count
        if missing > 0 { isListed += Array(repeating: false, count: missing) }
        isListed[Int(rateCenter)] = true
    }

    /// Whether both rate centres are listed in a common area.
    public func share(_ first: Place, _ second: Place) -> Bool {
        guard first.rateCenter != 0, second.rateCenter != 0, isListed(first), isListed(second),
            let firstAreas = areas[LocalAreas.key(first.state, first.rateCenter)],
            let secondAreas = areas[LocalAreas.key(second.state, second.rateCenter)]
        else { return false }
        return !firstAreas.isDisjoint(with: secondAreas)
    }

    private func isListed(_ place: Place) -> Bool {
        Int(place.rateCenter) < isListed.count && isListed[Int(place.rateCenter)]
    }

    /// The areas in which both rate centres are listed.
    public func common(_ first: Place, _ second: Place) -> Set<NameTable.Index> {
        guard first.rateCenter != 0, second.rateCenter != 0 else { return [] }
        return (areas[LocalAreas.key(first.state, first.rateCenter)] ?? [])
            .intersection(areas[LocalAreas.key(second.state, second.rateCenter)] ?? [])
    }

    /// A rate centre in its state.
    public struct Place: Hashable, Sendable {
        public let state: NameTable.Index
        public let rateCenter: NameTable.Index

        /// A rate centre in a state.
        public init(state: NameTable.Index, rateCenter: NameTable.Index) {
            self.state = state
            self.rateCenter = rateCenter
        }
    }

    private static func key(_ state: NameTable.Index, _ rateCenter: NameTable.Index) -> UInt64 {
        UInt64(state) << 32 | UInt64(rateCenter)
    }
}
