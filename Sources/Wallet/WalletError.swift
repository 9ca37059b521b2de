import Core
import DaemonKit

/// What can go wrong in the wallet beyond a wallet's own refusals.
enum WalletError: Failure {
    /// A span that names no rated table: an entry of some other stream.
    case notRatedUsage(kind: String)
    /// A stored value that no state of a wallet has: a bug or a hand in the table.
    case unreadableWallet(customer: CustomerID, column: String)

    /// The last seal of the ledger is not as it was written.
    case changedSeal(file: String)

    var reason: String {
        switch self {
        case .notRatedUsage: "not-rated-usage"
        case .unreadableWallet: "unreadable-wallet"
        case .changedSeal: "changed-seal"
        }
    }

    var isTransient: Bool { false }
}
