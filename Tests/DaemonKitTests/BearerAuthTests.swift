import Drivers
import Foundation
import TestSupport
import Testing

@testable import DaemonKit

@Suite("Bearer tokens", .needsPostgres)
struct BearerAuthTests {
    @Test("a known key works on while PostgreSQL is silent, and nobody waits long for it")
    func silentPostgres() async throws {
        let proxy = try ServerProxy(name: ".s.PGSQL.5432", upstream: try Services.postgresSocketPath())
        try await withMigratedDatabase { database in
            let admin = PostgresPool(configuration: try database.configuration(), size: 1)
            try await admin.execute(
                """
                INSERT INTO billing.api_keys (token_hash, name, kind, created_at)
                VALUES (\(Digest.sha256("k")), 'kamailio', 'service', '2026-11-22T00:00:00Z')
                """)
            let user = database.settings()["postgres.user"] ?? ""
            let pool = PostgresPool(
                configuration: PostgresConfiguration(
                    connectionInfo: "host='\(proxy.directory)' port=5432 dbname='\(database.name)' user='\(user)'"),
                size: 2)
            let auth = BearerAuth(pool: pool, freshFor: .zero, patience: .milliseconds(50))
            #expect(try await auth.caller(of: "k")?.kind == .service)
            proxy.freeze()
            for _ in 1...100 { #expect(try await auth.caller(of: "k")?.kind == .service) }
            proxy.cut()
            await #expect(throws: PostgresError.self) { try await auth.caller(of: "unknown") }
            await pool.close()
            await admin.close()
        }
    }
}
