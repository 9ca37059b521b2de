/// A customer's rated usage of one UTC day, kept exact: rounded only where it is shown (rule I7, M24).
public struct UsageSummary: Hashable, Sendable {
    public var records = 0
    public var voiceSeconds = 0
    /// Five decimals, as all charges here.
    public var voiceCharges = Money.zero
    /// Billed units of SMS and MMS.
    public var messageUnits = 0
    public var messageCharges = Money.zero
    public var tollFreeSeconds = 0
    public var tollFreeCharges = Money.zero
    /// Everything, queries included.
    public var totalCharges = Money.zero

    /// No usage.
    public init() {}

    /// Adds one `rated` record.
    public mutating func add(_ key: ClassKey, charge: Money, billedSeconds: Int, units: Int) {
        records += 1
        totalCharges = totalCharges + charge
        if key.isMessage {
            messageUnits += units
            messageCharges = messageCharges + charge
        } else if key.isTollFree {
            tollFreeSeconds += billedSeconds
            tollFreeCharges = tollFreeCharges + charge
        } else if !key.isNonTelecom {
            voiceSeconds += billedSeconds
            voiceCharges = voiceCharges + charge
        }
    }

    /// Adds another part of the same day.
    public mutating func add(_ other: UsageSummary) {
        records += other.records
        voiceSeconds += other.voiceSeconds
        voiceCharges = voiceCharges + other.voiceCharges
        messageUnits += other.messageUnits
        messageCharges = messageCharges + other.messageCharges
        tollFreeSeconds += other.tollFreeSeconds
        tollFreeCharges = tollFreeCharges + other.tollFreeCharges
        totalCharges = totalCharges + other.totalCharges
    }

    /// Minutes with two decimals, from the sum of seconds: `1.02` of 61 s.
    public static func minutes(ofSeconds seconds: Int) -> String {
        let hundredths = Rounding.halfAwayFromZero(Int128(seconds) * 100, dividedBy: 60)
        return FixedPoint.text(Int64(hundredths), scale: 2, decimals: 2)
    }
}
