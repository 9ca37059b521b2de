/// The seconds in which a call is billed: initial/subsequent, 6/6 or 30/6 (rule D8).
public struct Increments: Hashable, Sendable {
    /// Seconds billed for anything up to them.
    public var initial: Int
    /// The steps behind the initial ones.
    public var subsequent: Int

    /// Increments in seconds, both at least 1.
    public init(_ initial: Int, _ subsequent: Int) {
        self.initial = initial
        self.subsequent = subsequent
    }

    /// One second, which is what nothing else says (rule R9).
    public static let second = Increments(1, 1)

    /// The started increments of a duration above 0, whole.
    public func seconds(forMilliseconds duration: Int64) -> Int {
        let initialMilliseconds = Int64(initial) * 1_000
        guard duration > initialMilliseconds else { return initial }
        let step = Int64(subsequent) * 1_000
        let steps = (duration - initialMilliseconds + step - 1) / step
        return initial + Int(steps) * subsequent
    }
}
