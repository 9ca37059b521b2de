import Foundation

/// In which order the members of a request to Authorize.Net must stand, and how long they may be.
public struct AuthorizeNetFacts: Decodable, Sendable {
    /// A member of a group.
    public struct Member: Decodable, Sendable {
        public let name: String
        public let required: Bool
        public let repeated: Bool?
        /// The group that it is; nil for a text, or for a group that we never send.
        public let type: String?
        public let minLength: Int?
        public let maxLength: Int?
    }

    struct Group: Decodable, Sendable {
        let base: String?
        let fields: [Member]
    }

    struct Missing: Error {
        let name: String
    }

    private let requests: [String: Group]
    private let types: [String: Group]

    public static func load() throws -> AuthorizeNetFacts {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/authorize-net/ordered-schema.json")
        return try JSONDecoder().decode(AuthorizeNetFacts.self, from: Data(contentsOf: file))
    }

    public var requestNames: [String] { requests.keys.sorted() }

    /// The members of a request's content.
    public func members(ofRequest name: String) throws -> [Member] {
        try members(of: requests[name], name)
    }

    /// The members of a group.
    public func members(ofType name: String) throws -> [Member] {
        try members(of: types[name], name)
    }

    private func members(of group: Group?, _ name: String) throws -> [Member] {
        guard let group else { throw Missing(name: name) }
        return try (group.base.map { try members(ofType: $0) } ?? []) + group.fields
    }
}
