import Drivers
import Foundation

/// Who may use the stood-in account, and how many requests at a time.
struct NetSuiteAccount: Sendable {
    /// OAuth 2.0 machine to machine: a client that signs assertions with the certificate's key.
    struct MachineToMachine: Sendable {
        let clientID: String
        let certificateID: String
        let publicKey: VerifyingKey
    }

    /// Token-based authentication (OAuth 1.0a).
    struct TokenBased: Sendable {
        /// The account as it stands in the header, upper case with `_`.
        let realm: String
        let consumerKey: String
        let consumerSecret: String
        let token: String
        let tokenSecret: String
    }

    var machineToMachine: MachineToMachine?
    var tokenBased: TokenBased?
    var concurrentRequests = 5
    /// How long an access token holds, in seconds.
    var tokenSeconds = 3600

    /// Reads whatever of the two logins stands in a directory, one value a file: `netsuite-client-id`,
    /// `netsuite-certificate-id`, `netsuite-public-key`, and for token-based authentication `netsuite-realm`,
    /// `netsuite-consumer-key`, `netsuite-consumer-secret`, `netsuite-token`, `netsuite-token-secret`.
    init(directory: URL) throws {
        func value(_ name: String) throws -> String? {
            let file = directory.appending(path: "netsuite-\(name)")
            guard FileManager.default.fileExists(atPath: file.path) else { return nil }
            return try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        if let client = try value("client-id"), let certificate = try value("certificate-id"),
            let key = try value("public-key")
        {
            machineToMachine = MachineToMachine(
                clientID: client, certificateID: certificate, publicKey: try VerifyingKey(pem: key))
        }
        if let realm = try value("realm"), let consumer = try value("consumer-key"),
            let consumerSecret = try value("consumer-secret"), let token = try value("token"),
            let tokenSecret = try value("token-secret")
        {
            tokenBased = TokenBased(
                realm: realm, consumerKey: consumer, consumerSecret: consumerSecret, token: token,
                tokenSecret: tokenSecret)
        }
    }

    init(machineToMachine: MachineToMachine? = nil, tokenBased: TokenBased? = nil) {
        self.machineToMachine = machineToMachine
        self.tokenBased = tokenBased
    }
}
