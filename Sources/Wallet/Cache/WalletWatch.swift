/// Who hears, after each commit, what wallets and holds are from now on. It keeps copies at most, so it never waits and never fails.
struct WalletWatch: Sendable {
    var wallets: @Sendable ([WalletRow]) -> Void = { _ in }
    var holds: @Sendable ([HoldRow]) -> Void = { _ in }
}
