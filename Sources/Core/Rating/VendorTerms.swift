/// What a vendor charges us (rules R14, S6, A1). Never changed, and by reference, so that a look-up copies nothing of it.
public final class VendorTerms: Sendable {
    public let name: VendorName
    /// The name of the deck for domestic and international calls.
    public let deck: String?
    /// That deck; nil where it is not loaded.
    let rows: RateDeck?
    public let billing: Terms
    /// Rates per minute by class key, for all other calls.
    public let flat: [ClassKey: Rate]
    let messages: MessageRates
    /// By carrier, outbound only; `default` stands for all others.
    let carrierFees: [String: Rate]
    /// Whether the vendor has rates of its own for international messages.
    let hasInternationalMessages: Bool
    /// Rates per query by name.
    let queries: [String: Rate]

    /// The terms of an object of `vendors.json`, or of `vendors.terms`.
    public init(name: VendorName, _ json: JSONValue) {
        self.name = name
        deck = json["deck"]?.string
        rows = nil
        billing = TermsOverride(json["billing"]).applied(over: Terms())
        var flat: [ClassKey: Rate] = [:]
        for (key, rate) in json["flat"]?.rates ?? [:] { flat[ClassKey(key)] = rate }
        self.flat = flat
        messages = MessageRates(json["sms"] ?? .null)
        carrierFees = json["sms"]?["carrier_fees"]?.rates ?? [:]
        hasInternationalMessages = json["sms"]?["international"]?["prefixes"] != nil
        queries = json["api"]?.rates ?? [:]
    }

    private init(_ terms: VendorTerms, rows: RateDeck?) {
        self.rows = rows
        name = terms.name
        deck = terms.deck
        billing = terms.billing
        flat = terms.flat
        messages = terms.messages
        carrierFees = terms.carrierFees
        hasInternationalMessages = terms.hasInternationalMessages
        queries = terms.queries
    }

    /// The terms with the deck that they name, so that no look-up asks for it by name.
    func bound(to decks: [String: RateDeck]) -> VendorTerms {
        deck.map { VendorTerms(self, rows: decks[$0]) } ?? self
    }
}
