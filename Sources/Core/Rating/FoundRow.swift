/// A row that a look-up found, read where it stands: nothing of it is copied.
struct FoundRow {
    private let place: Place

    private enum Place {
        case plan(PrefixRows, Int)
        case deck(DeckTable, Int)
        case single(SingleRow)
    }

    /// A row of a plan.
    init(_ rows: PrefixRows, at place: Int) {
        self.place = .plan(rows, place)
    }

    /// A row of a deck.
    init(_ table: DeckTable, at place: Int) {
        self.place = .deck(table, place)
    }

    /// A row that no prefix leads to.
    init(_ row: SingleRow) {
        place = .single(row)
    }

    /// The whole row.
    var row: RateRow {
        switch place {
        case .plan(let rows, let place): rows.rows[place]
        case .deck(let table, let place): table.row(at: place)
        case .single(let single): single.row
        }
    }

    /// The rate of a column, where needed from the next one (rule R5).
    func rate(for column: RateRow.Column) -> Rate? {
        switch place {
        case .plan(let rows, let place): rows.rows[place].rate(for: column)
        case .deck(let table, let place): table.rate(for: column, at: place)
        case .single(let single): single.row.rate(for: column)
        }
    }

    /// The terms that the row states; what it leaves out comes from above (rule R9).
    func terms(over base: Terms) -> Terms {
        switch place {
        case .plan(let rows, let place): rows.rows[place].terms.applied(over: base)
        case .deck(let table, let place): table.terms(at: place, over: base)
        case .single(let single): single.row.terms.applied(over: base)
        }
    }
}

/// A row that no prefix leads to: a plan's default, or that of calls from the public network.
public final class SingleRow: Sendable {
    let row: RateRow

    init(_ row: RateRow) {
        self.row = row
    }
}
