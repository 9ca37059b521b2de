import Core

/// A customer as it is billed.
struct Customer: Hashable, Sendable {
    var id: CustomerID
    var ban: BAN
    var name: String
    var model: BillingModel
    var cycle: BillingCycle
    var terms: PaymentTerms
    /// Ten digits, the number that stands for the customer (rule J3).
    var btn: String?
    var tax: TaxProfile
    /// Whose number a message was sent to: E.164 with plus, or a short code.
    var numbers: [String]
    /// Two decimals, in percent.
    var marginAlert: Percentage
    /// What the wallet starts with; a nil limit is none at all.
    var creditLimit: Money?
    var openingBalance: Money
    var autoRecharge: AutoRechargeTerms?
    /// The first day that can be billed.
    var billedFrom: UsageDay
    /// Certificates by exemption, where the file names them.
    var certificates: [Certificate]

    /// When the balance is filled up by itself; terms may stay while it is switched off.
    struct AutoRechargeTerms: Hashable, Sendable {
        let isEnabled: Bool
        let threshold: Money
        let amount: Money
    }

    /// The number of an exemption's certificate.
    struct Certificate: Hashable, Sendable {
        let exemption: TaxExemption
        let number: String?
    }
}

extension BillingCycle.Length {
    /// As files and tables write it.
    var text: String {
        switch self {
        case .daily: "daily"
        case .weekly: "weekly"
        case .monthly: "monthly"
        }
    }

    init?(text: String) {
        switch text {
        case "daily": self = .daily
        case "weekly": self = .weekly
        case "monthly": self = .monthly
        default: return nil
        }
    }
}

extension Factor {
    /// `0.3340000`
    var text: String { FixedPoint.text(units, scale: 7, decimals: 7) }
}
