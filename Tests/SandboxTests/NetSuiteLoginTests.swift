import Drivers
import Foundation
import Testing

@testable import Sandbox

@Suite("NetSuite's stand-in: who is let in")
struct NetSuiteLoginTests {
    @Test("a signed assertion gets a token that lasts an hour, and the token opens the door")
    func signedAssertion() async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let answer = try await client.askForToken(try client.assertion())
            #expect(answer.status == 200)
            #expect(try answer.json()["expires_in"] == .string("3600"))
            let headers = try await client.signIn()
            let invoice = try await client.send(.get, "/services/rest/record/v1/invoice/eid:NONE", headers: headers)
            #expect(invoice.status == 404)
            #expect(try invoice.errorCode == "NONEXISTENT_ID")
        }
    }

    @Test("a wrong algorithm, key, certificate id, audience or lifetime gets no token")
    func wrongAssertions() async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let wrong = [
                try client.assertion(algorithm: .rs256, keyName: "rsa-private"),
                try client.assertion(algorithm: .ps256, keyName: "rsa-private"),
                try client.assertion(kid: "another"),
                try client.assertion(audience: "https://elsewhere/services/rest/auth/oauth2/v1/token"),
                try client.assertion(lifetime: 3601),
                try client.assertion(lifetime: -1),
                "no.token.atall",
                "",
            ]
            for assertion in wrong {
                let answer = try await client.askForToken(assertion)
                #expect(answer.status == 400, "\(answer.text)")
            }
        }
    }

    @Test("without a token, and with one that has expired, the door stays shut")
    func noToken() async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let path = "/services/rest/record/v1/invoice/1"
            #expect(try await client.send(.get, path).status == 401)
            let headers = try await client.signIn()
            #expect(try await client.send(.post, "/_control/netsuite/expire-tokens").status == 204)
            let answer = try await client.send(.get, path, headers: headers)
            #expect(answer.status == 401)
            #expect(try answer.errorCode == "INVALID_LOGIN")
        }
    }

    @Test("a token-based signature opens the door once: its nonce is used up")
    func tokenBased() async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let signer = OAuth1(
                realm: "1234567_SB1", consumerKey: "consumer", consumerSecret: Secret("consumer secret+"),
                token: "token", tokenSecret: Secret("token/secret"))
            let path = "/services/rest/record/v1/invoice/eid:INV-1?expandSubResources=true&q=a%20b%2Bc"
            let header = signer.authorization(
                method: "GET", url: client.baseURL + path, nonce: "nonce-1234",
                timestamp: Int64(Date.now.timeIntervalSince1970))
            let headers = [HTTPField("Authorization", header)]
            let first = try await client.send(.get, path, headers: headers)
            let second = try await client.send(.get, path, headers: headers)
            #expect(first.status == 404)
            #expect(second.status == 401)
        }
    }

    @Test("a signature over another query, of another secret or an old time stamp is refused")
    func wrongSignatures() async throws {
        try await NetSuiteClient.withStandIn { client, _ in
            let path = "/services/rest/record/v1/invoice/1?expandSubResources=true"
            let now = Int64(Date.now.timeIntervalSince1970)
            for (number, (secret, signedPath, time)) in [
                ("consumer secret+", "/services/rest/record/v1/invoice/1", now), ("another", path, now),
                ("consumer secret+", path, now - 3600),
            ].enumerated() {
                let signer = OAuth1(
                    realm: "1234567_SB1", consumerKey: "consumer", consumerSecret: Secret(secret), token: "token",
                    tokenSecret: Secret("token/secret"))
                let header = signer.authorization(
                    method: "GET", url: client.baseURL + signedPath, nonce: "nonce-\(number)-x", timestamp: time)
                let answer = try await client.send(.get, path, headers: [HTTPField("Authorization", header)])
                #expect(answer.status == 401)
            }
        }
    }

    @Test("the base string is the one that NetSuite publishes")
    func publishedBaseString() {
        let header = OAuthHeader(
            """
            OAuth realm="123456", oauth_nonce="fjaLirsIcCGVZWzBX0pg", oauth_timestamp="1508242306", \
            oauth_version="1.0", oauth_signature_method="HMAC-SHA256", oauth_consumer_key="ef40", \
            oauth_token="2b0c", oauth_signature="B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"
            """)
        #expect(header["oauth_signature"] == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=")
        let base = header.baseString(
            method: "GET", url: "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/customer",
            query: "q=email%20START_WITH%20%22a%2Bb%22&limit=5")
        #expect(
            base == """
                GET&https%3A%2F%2F123456.suitetalk.api.netsuite.com%2Fservices%2Frest%2Frecord%2Fv1%2Fcustomer\
                &limit%3D5%26oauth_consumer_key%3Def40%26oauth_nonce%3DfjaLirsIcCGVZWzBX0pg\
                %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1508242306%26oauth_token%3D2b0c\
                %26oauth_version%3D1.0%26q%3Demail%2520START_WITH%2520%2522a%252Bb%2522
                """)
    }
}
