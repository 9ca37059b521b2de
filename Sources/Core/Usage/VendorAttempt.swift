/// One try of a call at one vendor trunk (record type `voice.attempt`). It carries no numbers: its call gives them (M10).
public struct VendorAttempt: Hashable, Sendable {
    /// The raw row's id.
    public var id: UsageID
    /// The call, 1–128 characters. With `attemptNumber` the key of the attempt.
    public var sipUUID: String
    /// 1 for the first try.
    public var attemptNumber: Int
    public var sipCallID: String?
    public var customerBAN: BAN?
    public var vendor: VendorName
    public var vendorTrunk: String?
    public var start: Stamp
    public var answer: Stamp
    public var end: Stamp
    /// As sent, any case: ANSWERED, BUSY, FAILED, CANCELLED …
    public var disposition: String?
    public var sipResponseCode: Int?
    /// Post-dial delay.
    public var pddMilliseconds: Int?
    /// Opinion score in hundredths, 100…500.
    public var mosHundredths: Int?
    /// Lost packets in hundredths of a percent.
    public var packetLossHundredths: Int?
    public var jitterMilliseconds: Int?
    public var latencyMilliseconds: Int?

    /// An empty attempt of this key; the reader fills it.
    public init(id: UsageID, sipUUID: String, attemptNumber: Int, vendor: VendorName) {
        self.id = id
        self.sipUUID = sipUUID
        self.attemptNumber = attemptNumber
        self.vendor = vendor
        start = .absent
        answer = .absent
        end = .absent
    }

    /// Whether the disposition says answered (rule Q1), any case.
    public var isAnswered: Bool { disposition.map { ASCII.word($0) == "answered" } ?? false }

    /// Whether rule D3 would hold it: such an attempt is left out of a vendor's figures (rule Q2).
    public var isDirty: Bool {
        if start == .unreadable || answer == .unreadable || end == .unreadable { return true }
        guard let answered = answer.instant else { return isAnswered }
        guard let ended = end.instant else { return true }
        return ended < answered || ended - answered > 86_400_000
    }
}
