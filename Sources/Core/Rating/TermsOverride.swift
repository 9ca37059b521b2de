/// The terms that a row or a plan states; what it leaves out comes from above (rule R9).
public struct TermsOverride: Hashable, Sendable {
    /// A maximum charge that is stated: an amount, or none at all.
    public enum Bound: Hashable, Sendable {
        case none
        case amount(Money)
    }

    public var initialIncrement: Int?
    public var subsequentIncrement: Int?
    public var minimumSeconds: Int?
    public var graceSeconds: Int?
    public var connectFee: Money?
    public var minimumCharge: Money?
    public var maximumCharge: Bound?

    /// States nothing.
    public init() {}

    /// These terms where stated, else the others.
    public func applied(over base: Terms) -> Terms {
        var terms = base
        if let initialIncrement { terms.increments.initial = initialIncrement }
        if let subsequentIncrement { terms.increments.subsequent = subsequentIncrement }
        if let minimumSeconds { terms.minimumSeconds = minimumSeconds }
        if let graceSeconds { terms.graceSeconds = graceSeconds }
        if let connectFee { terms.connectFee = connectFee }
        if let minimumCharge { terms.minimumCharge = minimumCharge }
        switch maximumCharge {
        case .amount(let amount): terms.maximumCharge = amount
        case .some(.none): terms.maximumCharge = nil
        case nil: break
        }
        return terms
    }
}
