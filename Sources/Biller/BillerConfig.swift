import DaemonKit
import Drivers

/// The biller's own keys.
enum BillerConfig {
    /// When cycles are closed.
    static let billingSchedule = ConfigKey.schedule(
        "billing.schedule", default: "daily 06:00 America/New_York",
        help: "When the customers whose period is over are billed.")
    /// How long a run waits for the wallet.
    static let cutWait = ConfigKey.integer(
        "billing.cutWaitSeconds", default: 90, in: 0...3_600,
        help: "How many seconds a run waits until the wallet has posted what was rated when the run began.")
    /// Customers whose usage one query sums.
    static let batchSize = ConfigKey.integer(
        "billing.batchSize", default: 1_000, in: 1...50_000, help: "How many customers' usage one query sums.")
    /// Records that one transaction adds to the customer-days.
    static let summaryBatchSize = ConfigKey.integer(
        "summary.batchSize", default: 20_000, in: 1...1_000_000,
        help: "How many rated records one transaction adds to the customers' days.")
    /// Who bills.
    static let issuerName = ConfigKey.text(
        "issuer.name", default: "WARP Communications", help: "The company that stands at the head of an invoice.")
    /// Where it sits.
    static let issuerAddress = ConfigKey.list(
        "issuer.address", help: "The lines of the company's address, as an invoice shows them.")
    /// Where questions go.
    static let issuerContact = ConfigKey.text(
        "issuer.contact", default: "billing@example.com", help: "Where customers ask about an invoice.")
    /// How to pay.
    static let issuerPayment = ConfigKey.text(
        "issuer.payment", default: "Please pay by the due date and name the invoice number.",
        help: "What an invoice says about how to pay.")
    /// Where documents are written.
    static let documentsDirectory = ConfigKey.text(
        "documents.directory", default: "/var/lib/warp-billing/biller/documents",
        help: "The directory into which every issued invoice is written as <number>.html.")
    /// The REST API; without it CSV files are written.
    static let netSuiteURL = ConfigKey.optionalText(
        "netsuite.url", help: "NetSuite's base URL; without it invoices are written as CSV import files.")
    /// Where those files go.
    static let netSuiteExportDirectory = ConfigKey.text(
        "netsuite.exportDirectory", default: "/var/lib/warp-billing/biller/netsuite",
        help: "The directory for NetSuite's CSV import files, used where netsuite.url is not set.")
    /// OAuth 2.0, machine to machine.
    static let netSuiteClientID = ConfigKey.optionalText(
        "netsuite.clientId", help: "The client id of the OAuth 2.0 integration.")
    /// Its certificate.
    static let netSuiteCertificateID = ConfigKey.optionalText(
        "netsuite.certificateId", help: "The id of the certificate whose key signs token requests.")
    /// RSA or P-256.
    static let netSuiteAlgorithm = ConfigKey.choice(
        "netsuite.algorithm", of: ["PS256", "ES256"], default: "PS256",
        help: "How token requests are signed; it follows from the certificate's key.")
    /// The key.
    static let netSuitePrivateKey = ConfigKey.secret(
        "netsuite.privateKey", help: "The certificate's private key in PEM.")
    /// Ids of the account's payment terms.
    static let netSuiteTerms = ConfigKey.list(
        "netsuite.terms", default: ["NET_0=4", "NET_30=2", "NET_60=3"],
        help: "The account's internal ids of the payment terms: NET_30=2.")
    /// What stands before a tax's id as the item of its line.
    static let netSuiteTaxItemPrefix = ConfigKey.text(
        "netsuite.taxItemPrefix", default: "TAX-",
        help:
            "A tax is exported as a line of the item with this prefix and the tax's id in upper case: TAX-FEDERAL_USF.")
    /// How long a request may take.
    static let netSuiteTimeout = ConfigKey.integer(
        "netsuite.timeoutSeconds", default: 60, in: 1...900, help: "The most seconds one request to NetSuite may take.")
    /// How often exports are tried again.
    static let netSuiteRetryInterval = ConfigKey.integer(
        "netsuite.retryIntervalSeconds", default: 300, in: 5...86_400,
        help: "Seconds between attempts at exports that are not confirmed yet.")

    static let keys = ConfigKeys(
        billingSchedule, cutWait, batchSize, summaryBatchSize, issuerName, issuerAddress, issuerContact, issuerPayment,
        documentsDirectory, netSuiteURL, netSuiteExportDirectory, netSuiteClientID, netSuiteCertificateID,
        netSuiteAlgorithm, netSuitePrivateKey, netSuiteTerms, netSuiteTaxItemPrefix, netSuiteTimeout,
        netSuiteRetryInterval, checking: netSuiteFaults)

    /// With a URL, the login must be complete.
    private static func netSuiteFaults(_ config: Config) -> [ConfigFault] {
        var faults: [ConfigFault] = []
        for pair in config[netSuiteTerms] where pair.split(separator: "=").count != 2 {
            faults.append(ConfigFault(key: "netsuite.terms", problem: "'\(pair)' is not a pair such as NET_30=2"))
        }
        guard config[netSuiteURL] != nil else { return faults }
        if config[netSuiteClientID] == nil {
            faults.append(ConfigFault(key: "netsuite.clientId", problem: "is required with netsuite.url"))
        }
        if config[netSuiteCertificateID] == nil {
            faults.append(ConfigFault(key: "netsuite.certificateId", problem: "is required with netsuite.url"))
        }
        guard let key = config[netSuitePrivateKey] else {
            return faults + [ConfigFault(key: "netsuite.privateKey", problem: "is required with netsuite.url")]
        }
        do throws(SigningError) {
            _ = try SigningKey(pem: key)
        } catch {
            faults.append(ConfigFault(key: "netsuite.privateKey", problem: "is no private key in PEM"))
        }
        return faults
    }
}
