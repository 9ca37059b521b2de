import Core
import DaemonKit

/// What can go wrong in the biller. Most of it holds one customer back and lets the others go on.
enum BillerError: Failure {
    /// Another run holds the lock longer than this one waits.
    case runInProgress
    /// The customer's last period is no longer the one that this invoice was made after.
    case superseded(customer: CustomerID)
    /// A rated record of the invoice has no posting: it is parked, or the wallet has not come to it.
    case unposted(customer: CustomerID, records: Int)
    /// The wallet's sums are not those of the invoice's records.
    case chargesDiffer(customer: CustomerID, invoice: Money, postings: Money)
    /// A stored value that nothing writes: a bug or a hand in the table.
    case unreadable(table: String, column: String, row: String)
    /// A plan whose fields validation should have refused.
    case malformedPlan(id: String, path: String)
    /// A file that cannot be read or written.
    case file(path: String, problem: String)
    /// The date lies ahead of the clock.
    case dateAhead(UsageDay)
    /// No customer has this BAN.
    case unknownCustomer(String)

    var reason: String {
        switch self {
        case .runInProgress: "run-in-progress"
        case .superseded: "invoice-superseded"
        case .unposted: "unposted-usage"
        case .chargesDiffer: "charges-differ"
        case .unreadable: "unreadable-row"
        case .malformedPlan: "malformed-plan"
        case .file: "file-not-usable"
        case .dateAhead: "date-ahead"
        case .unknownCustomer: "UNKNOWN_CUSTOMER"
        }
    }

    var isTransient: Bool {
        switch self {
        case .runInProgress, .superseded, .unposted, .file: true
        case .chargesDiffer, .unreadable, .malformedPlan, .dateAhead, .unknownCustomer: false
        }
    }
}

extension BillerError: CustomStringConvertible {
    var description: String {
        switch self {
        case .runInProgress: "another run is in progress"
        case .superseded(let customer): "customer \(customer) was billed meanwhile"
        case .unposted(let customer, let records): "customer \(customer): \(records) records have no posting yet"
        case .chargesDiffer(let customer, let invoice, let postings):
            "customer \(customer): charges of \(invoice.text(.charge)) are posted as \(postings.text(.charge))"
        case .unreadable(let table, let column, let row): "\(table).\(column) of \(row) cannot be read"
        case .malformedPlan(let id, let path): "plan \(id): \(path) cannot be read"
        case .file(let path, let problem): "\(path): \(problem)"
        case .dateAhead(let day): "\(day.text) lies ahead of the clock"
        case .unknownCustomer(let ban): "no customer has the BAN \(ban)"
        }
    }
}
