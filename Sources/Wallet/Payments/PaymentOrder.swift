import Core
import DaemonKit
import Drivers
import Reference

/// What somebody wants to be charged: it becomes a row of `payments`, once for its id.
struct ChargeOrder: Sendable {
    /// Derived from what asked for it, so that asking again finds the row.
    let id: Identifier128
    let customer: CustomerID
    /// Two decimals.
    let amount: Money
    let purpose: Payment.Purpose
    /// Nil for the customer's default.
    var paymentMethod: Identifier128?
    var invoice: Identifier128?
    var order: Identifier128?
    let requestedBy: String
}

/// Why a charge is not begun.
enum PaymentRefusal: Failure, Equatable {
    /// The customer has no such method, or no default one that works.
    case noPaymentMethod
    /// The balance could not take it (rule W10).
    case amountOverflow
    /// No such customer.
    case unknownCustomer
    /// The payment is not in the state for that.
    case wrongState(Payment.State)
    /// Who asked for it cannot approve it.
    case sameApprover
    /// More than was paid and not given back yet.
    case moreThanPaid

    var reason: String {
        switch self {
        case .noPaymentMethod: "NO_PAYMENT_METHOD"
        case .amountOverflow: WalletRefusal.amountOverflow.rawValue
        case .unknownCustomer: Flag.unknownCustomer.name
        case .wrongState: "WRONG_PAYMENT_STATE"
        case .sameApprover: "SAME_APPROVER"
        case .moreThanPaid: "MORE_THAN_PAID"
        }
    }

    var isTransient: Bool { false }
}
