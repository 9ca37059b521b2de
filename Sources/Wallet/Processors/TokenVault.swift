import DaemonKit
import Drivers
import Foundation

/// Why a stored token cannot be opened, or the vault's keys not be read.
enum TokenVaultError: Failure, Equatable {
    /// The key file is missing, or no key file.
    case badKeyFile(String)
    /// A token that was sealed with a key that is not in the file.
    case unknownKey(String)
    /// A text that was changed, is another owner's, or was never sealed.
    case damaged

    var reason: String {
        switch self {
        case .badKeyFile: "vault-key-file"
        case .unknownKey: "vault-key-unknown"
        case .damaged: "vault-token-damaged"
        }
    }

    var isTransient: Bool { false }
}

/// Seals the tokens that open customers' bank accounts, before they are stored: AES-256-GCM, bound to their owner.
///
/// The key file has one key a line: its id (1 to 16 letters, digits, hyphens), a space, 64 hexadecimal digits. The first one seals, all of
/// them open; lines with `#` are comments. A stored text is `v1:<key id>:<base64url>`: at most 218 characters for a token of 120.
struct TokenVault: Sendable {
    private static let version = "v1"
    private let keys: [(id: String, key: SealingKey)]

    /// Reads the key file.
    init(file: String) throws(TokenVaultError) {
        let text: String
        do {
            text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
        } catch {
            throw .badKeyFile("\(file) cannot be read")
        }
        try self.init(keyFile: Secret(text))
    }

    /// From a key file's text.
    init(keyFile: Secret) throws(TokenVaultError) {
        var keys: [(id: String, key: SealingKey)] = []
        for (number, line) in keyFile.revealed.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            // The line itself is a secret: only its number is told.
            guard words.count == 2, TokenVault.isID(first), let bytes = Digest.bytes(hex: words[1]),
                let key = SealingKey(bytes)
            else { throw .badKeyFile("line \(number + 1) is no id with 64 hexadecimal digits") }
            guard !keys.contains(where: { $0.id == first }) else {
                throw .badKeyFile("line \(number + 1) has the id of another key")
            }
            keys.append((String(first), key))
        }
        guard !keys.isEmpty else { throw .badKeyFile("there is no key") }
        self.keys = keys
    }

    /// The text to store.
    /// - Parameter owner: what the token belongs to, such as the payment method's id: nobody else's row can hold it.
    func seal(_ token: Secret, for owner: String) -> String {
        let (id, key) = keys[0]
        let sealed = key.seal(Array(token.revealed.utf8), for: TokenVault.context(id, owner))
        return "\(TokenVault.version):\(id):\(Base64.encodeURL(sealed))"
    }

    /// The token of a stored text.
    func open(_ stored: String, for owner: String) throws(TokenVaultError) -> Secret {
        let parts = stored.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == TokenVault.version, let sealed = Base64.decode(parts[2]) else {
            throw .damaged
        }
        guard let (id, key) = keys.first(where: { $0.id == parts[1] }) else {
            throw .unknownKey(String(parts[1].prefix(16)))
        }
        guard let token = key.open(sealed, for: TokenVault.context(id, owner)) else { throw .damaged }
        return Secret(String(decoding: token, as: UTF8.self))
    }

    /// Whether the text is sealed with the key that seals now; another one should be opened and sealed anew.
    func isCurrent(_ stored: String) -> Bool {
        stored.hasPrefix("\(TokenVault.version):\(keys[0].id):")
    }

    private static func context(_ id: String, _ owner: String) -> [UInt8] {
        Array("\(version):\(id):\(owner)".utf8)
    }

    private static func isID(_ text: Substring) -> Bool {
        (1...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
