import Drivers
import Testing

@testable import Sandbox

@Suite("The stand-in of a portability service")
struct LRNDipServiceTests {
    @Test("it knows its clients by their token, wants ten digits, and ports what it is told to")
    func contract() async throws {
        try await SandboxServer(lrn: LRNDipService(token: "t")).withRunning { base in
            let client = HTTPClient()
            func ask(_ query: String, token: String = "t") async throws -> HTTPClientResponse {
                try await client.send(
                    HTTPClientRequest(
                        .get, "\(base)/lrn/v1/dip?\(query)", headers: [HTTPField("Authorization", "Bearer \(token)")],
                        connectTimeout: .seconds(2), totalTimeout: .seconds(5)))
            }
            #expect(try await ask("number=3122005555", token: "x").status == 401)
            #expect(try await ask("number=312").status == 400)
            #expect(
                try await ask("number=3122005555").text
                    == #"{"number":"3122005555","lrn":"3122005555","ported":false}"# + "\n")
            let order = #"{"number":"3122005555","lrn":"2126001111"}"#
            let told = try await client.send(
                HTTPClientRequest(
                    .post, "\(base)/_control/lrn/ports", body: Array(order.utf8), connectTimeout: .seconds(2),
                    totalTimeout: .seconds(5)))
            #expect(told.status == 204)
            #expect(
                try await ask("number=3122005555").text
                    == #"{"number":"3122005555","lrn":"2126001111","ported":true}"# + "\n")
        }
    }
}
