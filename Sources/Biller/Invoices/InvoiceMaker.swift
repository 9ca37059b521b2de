import Core

/// Makes invoices of usage and terms: the real one and its preview by the same code.
struct InvoiceMaker: Sendable {
    let skus: SKUMap
    let taxes: TaxRates
    let plans: [CustomerID: [PlanStore.Plan]]
    let issuer: InvoiceDocument.Issuer

    /// What an invoice is made of before it has a number.
    struct Draft: Sendable {
        let customer: Customer
        let period: NextPeriod
        let claim: UsageClaim
        let invoice: InvoiceDraft
        let settlement: InvoiceSettlement
        let document: InvoiceDocument
    }

    /// What a customer's plans change in a period.
    func modifiers(of customer: Customer, in period: NextPeriod) -> InvoiceModifiers {
        InvoiceModifiers(
            of: plans[customer.id] ?? [], period: period, month: customer.cycle.month(containing: period.whole.end),
            billedFrom: customer.billedFrom)
    }

    /// The invoice of a period; nil where there is nothing to bill: neither usage nor a fee.
    /// - Throws: `BillerError` where a record has no posting.
    func draft(
        _ customer: Customer, period: NextPeriod, claim: UsageClaim, usage: ClaimedUsage, groups: [UsageGroup]
    ) throws(BillerError) -> Draft? {
        let modifiers = modifiers(of: customer, in: period)
        let carriesMonthlyCharges = customer.cycle.carriesMonthlyCharges(period.whole)
        guard !usage.isEmpty || (carriesMonthlyCharges && modifiers.monthlyFee != nil) else { return nil }
        guard usage.posted == usage.records else {
            throw .unposted(customer: customer.id, records: usage.records - usage.posted)
        }
        let terms = InvoiceTerms(
            invoiceDate: period.invoiceDate, daysInMonth: customer.cycle.month(containing: period.whole.end).days,
            payment: customer.terms, tax: customer.tax, modifiers: modifiers,
            carriesMonthlyCharges: carriesMonthlyCharges)
        let invoice = InvoiceDraft(
            InvoiceUsage(groups: groups, late: usage.late), terms: terms, skus: skus,
            taxRules: taxes.rules(on: period.invoiceDate))
        let settlement: InvoiceSettlement
        do throws(InvoiceSettlement.Fault) {
            settlement = try InvoiceSettlement(invoice, model: customer.model, postings: usage.postings)
        } catch {
            switch error {
            case .chargesDiffer(let charges, let postings):
                throw .chargesDiffer(customer: customer.id, invoice: charges, postings: postings)
            }
        }
        return Draft(
            customer: customer, period: period, claim: claim, invoice: invoice, settlement: settlement,
            document: document(customer, period, usage, invoice, settlement))
    }

    private func document(
        _ customer: Customer, _ period: NextPeriod, _ usage: ClaimedUsage, _ invoice: InvoiceDraft,
        _ settlement: InvoiceSettlement
    ) -> InvoiceDocument {
        let lateDays = usage.days.filter(\.isLate).map(\.day.text).sorted()
        return InvoiceDocument(
            number: nil, issuer: issuer,
            customer: InvoiceDocument.Party(
                id: customer.id.text, ban: customer.ban.text, name: customer.name, model: customer.model.rawValue,
                serviceState: customer.tax.serviceState),
            periodStart: period.start.text, periodEnd: period.end.text, timezone: customer.cycle.clock.identifier,
            invoiceDate: period.invoiceDate.text, dueDate: invoice.dueDate.text, terms: customer.terms.rawValue,
            lines: invoice.lines.map { InvoiceDocument.Line($0, lateDays: lateDays) },
            subtotal: invoice.subtotal.text(.cents),
            taxes: invoice.taxes.map { tax in
                InvoiceDocument.Tax(
                    id: tax.id, name: taxWords(tax.id), amount: tax.amount.text(.cents), exempt: tax.isExempt)
            },
            taxTotal: invoice.taxTotal.text(.cents), total: invoice.total.text(.cents),
            paidFromBalance: settlement.paidFromBalance.text(.cents),
            taxDebited: settlement.taxFromBalance.text(.cents), amountDue: settlement.amountDue.text(.cents),
            balancePaid: settlement.takenFromBalance.text(.ledger),
            accruedCarried: settlement.accruedCarried.text(.ledger), usageCharges: invoice.charges.text(.charge),
            records: usage.records, lateRecords: usage.lateRecords,
            form499: InvoiceDocument.RevenueClasses(
                class: invoice.form499.customer.rawValue, interstate: invoice.form499.interstate.text(.charge),
                international: invoice.form499.international.text(.charge),
                intrastate: invoice.form499.intrastate.text(.charge),
                nonTelecom: invoice.form499.nonTelecom.text(.charge)),
            days: InvoiceMaker.days(of: usage))
    }

    /// One entry a UTC day, whether its usage was late or not.
    private static func days(of usage: ClaimedUsage) -> [InvoiceDocument.Day] {
        var days: [UsageDay: (records: Int, charges: Money)] = [:]
        for day in usage.days {
            days[day.day, default: (0, .zero)].records += day.records
            days[day.day, default: (0, .zero)].charges += day.charges
        }
        return days.sorted { $0.key < $1.key }.map { day, sums in
            InvoiceDocument.Day(day: day.text, records: sums.records, charges: sums.charges.text(.charge))
        }
    }
}

extension InvoiceDocument.Line {
    fileprivate init(_ line: InvoiceLine, lateDays: [String]) {
        let isLate = line.kind == .lateUsage
        let quantity: String? =
            !line.kind.isUsage
            ? nil
            : line.classKey.isNonTelecom ? String(line.units) : UsageSummary.minutes(ofSeconds: line.billedSeconds)
        self.init(
            kind: line.kind.rawValue, classKey: line.classKey.text, sku: line.sku?.text,
            description: line.classKey.words, records: line.records, quantity: quantity,
            unit: line.kind.isUsage ? line.classKey.unit : nil, gross: line.gross.text(.charge),
            bundleCredit: line.bundleCredit.text(.charge), volumeDiscount: line.volumeDiscount.text(.charge),
            promoCredit: line.promotionCredit.text(.charge), net: line.net.text(.charge),
            amount: line.amount.text(.cents), export: line.export.rawValue, usedOn: isLate ? lateDays : nil)
    }
}
