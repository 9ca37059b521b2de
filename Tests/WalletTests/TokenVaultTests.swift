import Drivers
import Foundation
import TestSupport
import Testing

@testable import Wallet

@Suite("The vault of access tokens")
struct TokenVaultTests {
    private static let first = "k1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    private static let second = "2026-12 ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"

    private func vault(_ lines: String...) throws -> TokenVault {
        try TokenVault(keyFile: Secret(lines.joined(separator: "\n") + "\n"))
    }

    @Test("a stored token names its key, hides the token, and opens for its owner only")
    func sealed() throws {
        let vault = try vault("# the first key", Self.first)
        let stored = vault.seal(Secret("access-sandbox-1"), for: "method-1")
        #expect(stored.hasPrefix("v1:k1:"))
        #expect(!stored.contains("access"))
        #expect(try vault.open(stored, for: "method-1").revealed == "access-sandbox-1")
        #expect(throws: TokenVaultError.damaged) { try vault.open(stored, for: "method-2") }
    }

    @Test("a text that was sealed elsewhere with the same key opens: the form is fixed")
    func form() throws {
        let stored = "v1:k1:ZGVmZ2hpamtsbW5vKXi9Awqae-1fDDuKtR1HzLf33HH_SJyDh6S7iP6OV0E"
        #expect(try vault(Self.first).open(stored, for: "method-1").revealed == "access-sandbox-1")
    }

    @Test("the longest token with the longest key id has room in 255 characters")
    func fits() throws {
        let vault = try vault("abcdefghijklmno9 " + Self.first.dropFirst(3))
        let token = String(repeating: "a", count: 120)
        let stored = vault.seal(Secret(token), for: "method-1")
        #expect(stored.count == 218)
        #expect(try vault.open(stored, for: "method-1").revealed == token)
    }

    @Test("a new key in front seals from now on, the old one still opens, until it is taken away")
    func rotation() throws {
        let old = try vault(Self.first).seal(Secret("token"), for: "m")
        let both = try vault(Self.second, Self.first)
        #expect(!both.isCurrent(old))
        let new = both.seal(try both.open(old, for: "m"), for: "m")
        #expect(new.hasPrefix("v1:2026-12:"))
        #expect(both.isCurrent(new))
        let alone = try vault(Self.second)
        #expect(try alone.open(new, for: "m").revealed == "token")
        #expect(throws: TokenVaultError.unknownKey("k1")) { try alone.open(old, for: "m") }
    }

    @Test(
        "a text that is no sealed token is damaged",
        arguments: ["", "access-sandbox-1", "v1:k1", "v1:k1:", "v1:k1:!!", "v1:k1:AAAA", "v2:k1:AAAA", "v1:k1:AAAA:x"])
    func damaged(stored: String) throws {
        let vault = try vault(Self.first)
        #expect(throws: TokenVaultError.damaged) { try vault.open(stored, for: "m") }
    }

    @Test("a token under another key's id does not open, though both keys are there")
    func relabelled() throws {
        let both = try vault(Self.second, Self.first)
        let stored = both.seal(Secret("token"), for: "m")
        let relabelled = stored.replacing("v1:2026-12:", with: "v1:k1:")
        #expect(throws: TokenVaultError.damaged) { try both.open(relabelled, for: "m") }
    }

    @Test(
        "a key file with a bad line is refused, and the line is not told",
        arguments: [
            "", "# nothing", "k1", "k1 0011", "k1 " + String(repeating: "0", count: 63),
            "k1 " + String(repeating: "g", count: 64), "key:1 " + String(repeating: "0", count: 64),
            "abcdefghijklmnopq " + String(repeating: "0", count: 64),
            "k1 \(String(repeating: "0", count: 64))\nk1 \(String(repeating: "1", count: 64))",
        ])
    func badKeyFile(text: String) throws {
        let error = try #require(throws: TokenVaultError.self) { try TokenVault(keyFile: Secret(text)) }
        guard case .badKeyFile(let problem) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!problem.contains("0000"))
    }

    @Test("keys are read from a file; without one the vault says so")
    func file() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "vault-\(UUID().uuidString)").path
        #expect(throws: TokenVaultError.badKeyFile("\(path) cannot be read")) { try TokenVault(file: path) }
        try Self.first.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        let vault = try TokenVault(file: path)
        #expect(try vault.open(vault.seal(Secret("token"), for: "m"), for: "m").revealed == "token")
    }
}
