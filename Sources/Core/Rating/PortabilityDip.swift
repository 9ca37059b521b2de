extension RatingTables {
    /// The number of a call that a portability service is asked about: a geographic one of which neither the request line nor the
    /// table of ported numbers says anything at the rating instant (rule E2). Nil where nothing is left to ask.
    public func numberToDip(_ cdr: borrowing RawCDR) -> NationalNumber? {
        let called = CalledNumber(cdr, plan: reference.numbers.plan)
        guard called.number.kind == .geographic, let number = called.number.national else { return nil }
        if let uri = called.porting, uri.rn != nil || uri.npdi { return nil }
        return reference.numbers.ported.lrn(of: number, at: cdr.ratingInstant) == nil ? number : nil
    }
}
