/// How a customer pays for usage: in advance, by invoice, or in advance with what exceeds the balance on the invoice.
public enum BillingModel: String, Sendable, CaseIterable {
    /// Every charge comes out of the balance; nothing of it is invoiced.
    case prepaid = "PREPAID"
    /// Every charge accrues and is invoiced.
    case postpaid = "POSTPAID"
    /// Charges come out of the balance down to zero; the rest accrues and is invoiced (rule W3).
    case hybrid = "HYBRID"
}
