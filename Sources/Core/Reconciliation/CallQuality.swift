/// What a vendor's leg of a call measured of its quality (rule Q4).
public struct CallQuality: Hashable, Sendable {
    /// An opinion score in hundredths, where the vendor gave one.
    public var mosHundredths: Int?
    /// Lost packets in hundredths of a percent.
    public var packetLossHundredths: Int?
    public var jitterMilliseconds: Int?
    /// 50 where it was not measured.
    public var latencyMilliseconds: Int?

    public init(
        mosHundredths: Int? = nil, packetLossHundredths: Int? = nil, jitterMilliseconds: Int? = nil,
        latencyMilliseconds: Int? = nil
    ) {
        self.mosHundredths = mosHundredths
        self.packetLossHundredths = packetLossHundredths
        self.jitterMilliseconds = jitterMilliseconds
        self.latencyMilliseconds = latencyMilliseconds
    }

    /// The opinion score in hundredths, 100…450 where it is computed; nil without a score, or without loss or jitter.
    public var opinionScoreHundredths: Int? {
        if let mosHundredths { return mosHundredths }
        guard let packetLossHundredths, let jitterMilliseconds else { return nil }
        let delay = Int128(latencyMilliseconds ?? 50) + 2 * Int128(jitterMilliseconds) + 10
        // R in thousandths: 93.2, less what delay and loss cost.
        let delayCost = delay < 160 ? delay * 25 : (delay - 120) * 100
        let rating = min(max(93_200 - delayCost - 25 * Int128(packetLossHundredths), 0), 100_000)
        // MOS = 1 + 0.035 R + 0.000007 R (R − 60)(100 − R), in 1e-15.
        let curve = 7 * rating * (rating - 60_000) * (100_000 - rating)
        let score = 1_000_000_000_000_000 + 35 * rating * 1_000_000_000 + curve
        let hundredths = Rounding.halfAwayFromZero(score, dividedBy: 10_000_000_000_000)
        return Int(min(max(hundredths, 100), 450))
    }
}

extension VendorAttempt {
    /// What was measured of the attempt's quality.
    public var quality: CallQuality {
        CallQuality(
            mosHundredths: mosHundredths, packetLossHundredths: packetLossHundredths,
            jitterMilliseconds: jitterMilliseconds, latencyMilliseconds: latencyMilliseconds)
    }
}
