public import ArgumentParser
public import DaemonKit
import Drivers
import Foundation

/// API keys: who may call the HTTP routes. Only the SHA-256 of a token is kept.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes, lists and revokes API keys.", subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a key and prints its token, this once.")

        @OptionGroup var options: DatabaseOptions
        @Option(help: "Whom it is for: customer, service or operator.")
        var kind: CallerKind
        @Option(help: "The customer's id, for a customer's key.", transform: uuid(parsing:))
        var customer: UUID?
        @Option(help: "Who or what holds it; operators and services are known by it.")
        var name: String?

        func validate() throws {
            guard (kind == .customer) == (customer != nil) else {
                throw ValidationError("--customer goes with --kind customer, and only with it")
            }
            guard kind == .customer || name?.isEmpty == false else {
                throw ValidationError("--name is required for a service or an operator")
            }
        }

        func run() async throws {
            let token = "warp_" + Base64.encodeURL(Digest.random(32))
            let holder = name ?? customer?.uuidString.lowercased() ?? ""
            try await options.withPool { pool in
                _ = try await pool.execute(
                    """
                    INSERT INTO billing.api_keys (token_hash, name, kind, customer_id, created_at)
                    VALUES (\(Digest.sha256(token)), \(holder), \(kind.rawValue), \(customer as UUID?),
                        \(InstantText.text(Clock.system.now()))::timestamptz)
                    """)
            }
            print(token)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists keys by the start of their token's hash.")

        @OptionGroup var options: DatabaseOptions

        func run() async throws {
            let rows = try await options.withPool { pool in
                try await pool.query(
                    """
                    SELECT left(encode(token_hash, 'hex'), 12) AS key, kind, name, customer_id::text AS customer,
                        to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS created,
                        to_char(revoked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS revoked
                    FROM billing.api_keys
                    ORDER BY created_at, token_hash
                    """)
            }
            for row in rows {
                let key: String = try row.value("key")
                let kind: String = try row.value("kind")
                let name: String = try row.value("name")
                let customer: String? = try row.value("customer")
                let created: String = try row.value("created")
                let revoked: String? = try row.value("revoked")
                let state = revoked.map { "revoked \($0)" } ?? "since \(created)"
                print([key, kind, name, customer ?? "-", state].joined(separator: "\t"))
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revokes a key; daemons that have seen it honour it for up to 30 seconds more.")

        @OptionGroup var options: DatabaseOptions
        @Argument(help: "The start of the token's hash as `list` prints it, or the token itself.")
        var key: String

        func run() async throws {
            let isToken = key.hasPrefix("warp_")
            let start = isToken ? Digest.hex(Digest.sha256(key)) : key.lowercased()
            guard start.utf8.count >= 8, start.allSatisfy(\.isHexDigit) else {
                throw ValidationError("\(key) is neither a token nor 8 or more digits of its hash")
            }
            let revoked = try await options.withPool { pool in
                try await pool.withTransaction { transaction in
                    let revoked = try transaction.execute(
                        """
                        UPDATE billing.api_keys
                        SET revoked_at = \(InstantText.text(Clock.system.now()))::timestamptz
                        WHERE encode(token_hash, 'hex') LIKE \(start + "%") AND revoked_at IS NULL
                        """)
                    guard revoked <= 1 else { throw ValidationError("\(revoked) keys start with \(start)") }
                    return revoked
                }
            }
            guard revoked == 1 else { throw ValidationError("no key in force starts with \(start)") }
            print("revoked")
        }
    }
}

extension CallerKind: ExpressibleByArgument {}

private func uuid(parsing text: String) throws -> UUID {
    guard let id = UUID(uuidString: text) else { throw ValidationError("\(text) is not a UUID") }
    return id
}
