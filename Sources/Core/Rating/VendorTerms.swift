/// What a vendor charges us (rules R14, S6, A1).
public struct VendorTerms: Sendable {
    public let name: VendorName
    /// The name of the deck for domestic and international calls.
    public let deck: String?
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
        billing = TermsOverride(json["billing"]).applied(over: Terms())
        var flat: [ClassKey: Rate] = [:]
        for (key, rate) in json["flat"]?.rates ?? [:] { flat[ClassKey(key)] = rate }
        self.flat = flat
        messages = MessageRates(json["sms"] ?? .null)
        carrierFees = json["sms"]?["carrier_fees"]?.rates ?? [:]
        hasInternationalMessages = json["sms"]?["international"]?["prefixes"] != nil
        queries = json["api"]?.rates ?? [:]
    }
}
