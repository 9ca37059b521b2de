import Foundation

/// The same numbers for the same seed (SplitMix64): a property that fails names its seed and fails again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// The generator of one property: of `seed`, or of the one in the environment variable `WARP_SEED`. It prints which, so that
    /// a failure can be repeated and other seeds tried.
    public init(property seed: UInt64, file: String = #fileID, function: String = #function) {
        self.init(seed: SeededGenerator.chosen ?? seed)
        print("seed \(state): \(file) \(function)")
    }

    /// The seed that `WARP_SEED` names; nil without it.
    private static var chosen: UInt64? {
        guard let text = ProcessInfo.processInfo.environment["WARP_SEED"] else { return nil }
        guard let seed = UInt64(text) else { preconditionFailure("WARP_SEED is a whole number from 0") }
        return seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
