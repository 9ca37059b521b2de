import Core

/// Reads the rows of a deck's file, one at a time, into the same memory.
struct DeckRowReader {
    let header: DeckHeader

    // What the last record said.
    private(set) var deck: String?
    private(set) var scope = RateDeck.Scope.domestic
    private(set) var prefixes: [Prefix] = []
    private(set) var rates = RateRow()
    private(set) var effective = UsageDay(daysSince1970: 0)
    private(set) var end: UsageDay?
    /// What is wrong with it, by the titles of the columns.
    private(set) var problems: [String] = []

    private let order: DeckText.DateOrder
    private let defaultDay: UsageDay?
    private let at: Places

    /// Where the columns stand.
    private struct Places {
        let deck, scope, prefix, npa, nxx, block, countryCode, areaCode: Int?
        let interstate, intrastate, local, indeterminate, rate: Int?
        let increments, initialIncrement, subsequentIncrement, minimumSeconds, graceSeconds: Int?
        let connectFee, minimumCharge, maximumCharge, effectiveDate, endDate, currency: Int?

        init(_ places: [DeckColumn: Int]) {
            deck = places[.deck]
            scope = places[.scope]
            prefix = places[.prefix]
            npa = places[.npa]
            nxx = places[.nxx]
            block = places[.block]
            countryCode = places[.countryCode]
            areaCode = places[.areaCode]
            interstate = places[.interstate]
            intrastate = places[.intrastate]
            local = places[.local]
            indeterminate = places[.indeterminate]
            rate = places[.rate]
            increments = places[.increments]
            initialIncrement = places[.initialIncrement]
            subsequentIncrement = places[.subsequentIncrement]
            minimumSeconds = places[.minimumSeconds]
            graceSeconds = places[.graceSeconds]
            connectFee = places[.connectFee]
            minimumCharge = places[.minimumCharge]
            maximumCharge = places[.maximumCharge]
            effectiveDate = places[.effectiveDate]
            endDate = places[.endDate]
            currency = places[.currency]
        }
    }

    init(_ header: DeckHeader, _ format: DeckFormat) {
        self.header = header
        at = Places(header.places)
        order = format.dateOrder
        defaultDay = format.effective
    }

    /// Reads a record; `problems` says whether the rest may be used.
    mutating func read(_ record: CSVRecord) {
        problems.removeAll(keepingCapacity: true)
        prefixes.removeAll(keepingCapacity: true)
        guard record.count == header.count else {
            problems.append("has \(record.count) fields where the header has \(header.count)")
            return
        }
        readPlace(record)
        readRates(record)
        readTerms(record)
        readDays(record)
        if problems.isEmpty { checkRow(record) }
    }

    // MARK: Columns

    private mutating func readPlace(_ record: CSVRecord) {
        if let place = at.deck {
            deck = record.text(place)
            if deck?.isEmpty != false { problems.append("\(title(place)) is required") }
        }
        scope = header.scope ?? .domestic
        if let place = at.scope {
            let text = record.text(place)
            if let named = RateDeck.Scope(rawValue: text) {
                scope = named
            } else {
                problems.append("\(title(place)) '\(text)' is none of domestic, international")
                return
            }
        }
        if let place = at.prefix {
            var found = prefixes
            prefixes = []
            let scope = scope
            read(record, place) { field throws(DeckText.Fault) in
                try DeckText.prefixes(field, scope: scope, into: &found)
            }
            prefixes = found
        } else if let npa = at.npa {
            readExchange(record, npa)
        } else {
            readCountry(record)
        }
    }

    private mutating func readExchange(_ record: CSVRecord, _ npa: Int) {
        do throws(DeckText.Fault) {
            let prefix = try record.withField(npa) { area throws(DeckText.Fault) in
                try withField(record, at.nxx) { exchange throws(DeckText.Fault) in
                    try withField(record, at.block) { block throws(DeckText.Fault) in
                        try DeckText.prefix(npa: area, nxx: exchange, block: block)
                    }
                }
            }
            prefixes.append(prefix)
        } catch {
            let columns = [npa, at.nxx, at.block].compactMap(\.self)
            let texts = columns.map(record.text).joined(separator: " ")
            problems.append("\(columns.map(title).joined(separator: ", ")) '\(texts)' \(error.problem)")
        }
    }

    private mutating func readCountry(_ record: CSVRecord) {
        var country: (digits: UInt64, length: Int) = (0, 0)
        if let place = at.countryCode {
            country = read(record, place) { field throws(DeckText.Fault) in try DeckText.countryCode(field) } ?? country
        }
        var found: [Prefix] = []
        let scope = scope
        do throws(DeckText.Fault) {
            try withField(record, at.areaCode) { field throws(DeckText.Fault) in
                try DeckText.prefixes(field, scope: scope, behind: country, into: &found)
            }
        } catch {
            let place = at.areaCode ?? at.countryCode ?? 0
            problems.append("\(title(place)) '\(record.text(place))' \(error.problem)")
        }
        prefixes = found
    }

    private mutating func readRates(_ record: CSVRecord) {
        rates = RateRow()
        if scope == .domestic {
            rates.interstate = rate(record, at.interstate)
            rates.intrastate = rate(record, at.intrastate)
            rates.local = rate(record, at.local)
            rates.indeterminate = rate(record, at.indeterminate)
        } else {
            rates.rate = rate(record, at.rate)
        }
        if let place = at.currency {
            let currency = record.text(place).uppercased()
            if !["", "USD", "US$", "$"].contains(currency) {
                problems.append("\(title(place)) '\(record.text(place))' \(DeckText.Fault.otherCurrency.problem)")
            }
        }
    }

    private mutating func readTerms(_ record: CSVRecord) {
        if let place = at.increments {
            let pair = read(record, place) { field throws(DeckText.Fault) in try DeckText.increments(field) }
            if let pair = pair ?? nil {
                rates.terms.initialIncrement = within(1...3_600, pair.initial, record, place)
                rates.terms.subsequentIncrement = within(1...3_600, pair.subsequent, record, place)
            }
        }
        if let place = at.initialIncrement { rates.terms.initialIncrement = integer(record, place, 1...3_600) }
        if let place = at.subsequentIncrement { rates.terms.subsequentIncrement = integer(record, place, 1...3_600) }
        if let place = at.minimumSeconds { rates.terms.minimumSeconds = integer(record, place, 0...3_600) }
        if let place = at.graceSeconds { rates.terms.graceSeconds = integer(record, place, 0...3_600) }
        if at.connectFee != nil { rates.terms.connectFee = amount(record, at.connectFee) }
        if at.minimumCharge != nil { rates.terms.minimumCharge = amount(record, at.minimumCharge) }
        if at.maximumCharge != nil {
            rates.terms.maximumCharge = amount(record, at.maximumCharge).map { .amount($0) }
        }
    }

    private mutating func readDays(_ record: CSVRecord) {
        let order = order
        var from: UsageDay?
        if let place = at.effectiveDate {
            let read = read(record, place) { field throws(DeckText.Fault) in try DeckText.day(field, order: order) }
            guard let read else { return }
            from = read
        }
        if let day = from ?? defaultDay {
            effective = day
        } else {
            problems.append("\(at.effectiveDate.map(title) ?? "effective_date") is required")
        }
        end = nil
        if let place = at.endDate {
            end = read(record, place) { field throws(DeckText.Fault) in try DeckText.day(field, order: order) } ?? nil
        }
    }

    /// What is wrong between columns that are each right (rules P4, P5).
    private mutating func checkRow(_ record: CSVRecord) {
        let prefixTitle = (at.prefix ?? at.npa ?? at.areaCode ?? at.countryCode).map(title) ?? "prefix"
        switch scope {
        case .domestic:
            if prefixes.contains(where: { ![3, 6, 7].contains($0.length) || !$0.beginsAreaCode }) {
                problems.append("\(prefixTitle) of a domestic row has 3, 6 or 7 digits and begins with 2 to 9")
            }
            if rates.interstate == nil, rates.indeterminate == nil {
                let interstate = (at.interstate ?? at.indeterminate).map(title) ?? "interstate"
                problems.append("\(interstate) or indeterminate is required in a domestic row")
            }
        case .international:
            if prefixes.contains(where: { $0.text == "1" }) {
                problems.append("\(prefixTitle) 1 is forbidden in an international row")
            }
            if rates.rate == nil {
                problems.append("\(at.rate.map(title) ?? "rate") is required in an international row")
            }
        }
        if let end, end <= effective {
            let from = at.effectiveDate.map(title) ?? "the effective day"
            problems.append("\(at.endDate.map(title) ?? "end_date") is not after \(from)")
        }
    }

    // MARK: Fields

    /// What a field says; nil where it cannot be read, which is noted.
    private mutating func read<Value>(
        _ record: CSVRecord, _ place: Int, _ body: (Span<UInt8>) throws(DeckText.Fault) -> Value
    ) -> Value? {
        do throws(DeckText.Fault) {
            return try record.withField(place, body)
        } catch {
            problems.append("\(title(place)) '\(record.text(place))' \(error.problem)")
            return nil
        }
    }

    private mutating func rate(_ record: CSVRecord, _ place: Int?) -> Rate? {
        units(record, place).map { Rate(units: $0) }
    }

    private mutating func amount(_ record: CSVRecord, _ place: Int?) -> Money? {
        units(record, place).map { Money(units: $0) }
    }

    private mutating func units(_ record: CSVRecord, _ place: Int?) -> Int64? {
        guard let place else { return nil }
        return read(record, place) { field throws(DeckText.Fault) in try DeckText.units(field) } ?? nil
    }

    private mutating func integer(_ record: CSVRecord, _ place: Int, _ bounds: ClosedRange<Int>) -> Int? {
        let number = read(record, place) { field throws(DeckText.Fault) in try DeckText.integer(field) } ?? nil
        return number.flatMap { within(bounds, $0, record, place) }
    }

    private mutating func within(
        _ bounds: ClosedRange<Int>, _ number: Int, _ record: CSVRecord, _ place: Int
    ) -> Int? {
        if bounds.contains(number) { return number }
        problems.append(
            "\(title(place)) '\(record.text(place))' is not in \(bounds.lowerBound)…\(bounds.upperBound)")
        return nil
    }

    private func title(_ place: Int) -> String { header.titles[place] }

    /// The bytes of a field; none where there is no such column.
    private func withField<Value>(
        _ record: CSVRecord, _ place: Int?, _ body: (Span<UInt8>) throws(DeckText.Fault) -> Value
    ) throws(DeckText.Fault) -> Value {
        guard let place else { return try body(Span<UInt8>()) }
        return try record.withField(place, body)
    }
}
