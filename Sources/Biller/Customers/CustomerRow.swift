import Core
import Drivers
import Reference

extension Customer {
    /// A row of `customers` with its BAN.
    init(_ row: PostgresRow, clock: ZoneClock, numbers: [String], certificates: [Certificate]) throws {
        let id: CustomerID = try row.value("customer_id")
        func read<Value>(_ column: String, _ parse: (String) -> Value?) throws -> Value {
            guard let value = parse(try row.value(column)) else {
                throw BillerError.unreadable(table: "customers", column: column, row: id.text)
            }
            return value
        }
        let isRecharged: Bool = try row.value("auto_recharge_enabled")
        let threshold: Money? = try row.value("auto_recharge_threshold")
        let amount: Money? = try row.value("auto_recharge_amount")
        self.init(
            id: id, ban: try row.value("ban"), name: try row.value("name"),
            model: try read("model", BillingModel.init),
            cycle: BillingCycle(
                try read("cycle", BillingCycle.Length.init(text:)), anchorDay: try row.value("anchor_day"),
                clock: clock),
            terms: try read("payment_terms", PaymentTerms.init), btn: try row.value("btn"),
            tax: TaxProfile(
                serviceState: try row.value("service_state"), lines: try row.value("lines"),
                exemptions: certificates.map(\.exemption), isWholesale: try row.value("wholesale"),
                indeterminatePIU: try read("indeterminate_piu", FileText.factor),
                recurringPIU: try read("recurring_piu", FileText.factor),
                usfCoversInternational: try row.value("usf_international")),
            numbers: numbers, marginAlert: try row.value("margin_alert_pct"),
            creditLimit: try row.value("initial_credit_limit"), openingBalance: try row.value("initial_balance"),
            autoRecharge: threshold.flatMap { threshold in
                amount.map { AutoRechargeTerms(isEnabled: isRecharged, threshold: threshold, amount: $0) }
            },
            billedFrom: try row.value("billed_from"), certificates: certificates)
    }
}
