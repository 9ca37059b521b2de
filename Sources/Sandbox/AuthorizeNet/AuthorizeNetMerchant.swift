import Foundation

/// Who may use the stood-in merchant account.
struct AuthorizeNetMerchant: Sendable {
    /// The API login ID, at most 25 characters.
    var login = "sandbox-login"
    /// At most 16 characters.
    var transactionKey = "sandbox-anet-key"

    init() {}

    /// Reads the credentials that stand in a directory, one value a file: `authorize-net-login`, `authorize-net-transaction-key`. One
    /// that is not there keeps its default.
    init(directory: URL) throws {
        func value(_ name: String) throws -> String? {
            let file = directory.appending(path: "authorize-net-\(name)")
            guard FileManager.default.fileExists(atPath: file.path) else { return nil }
            return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        login = try value("login") ?? login
        transactionKey = try value("transaction-key") ?? transactionKey
    }
}
