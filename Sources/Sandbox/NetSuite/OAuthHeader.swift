import Foundation
import Hummingbird

/// RFC 3986 encoding as OAuth asks for: all but letters, digits and `-._~`.
enum PercentEncoding {
    static func encode(_ text: some StringProtocol) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if byte < 0x80,
                scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                    || "-._~".unicodeScalars.contains(scalar)
            {
                encoded.unicodeScalars.append(scalar)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return encoded
    }
}

/// `application/x-www-form-urlencoded` fields, or those of a query.
struct FormFields {
    let pairs: [(name: String, value: String)]

    /// `plusIsSpace` holds for forms; a query's `+` is a plus.
    init(_ text: some StringProtocol, plusIsSpace: Bool = true) {
        func decode(_ part: some StringProtocol) -> String {
            let text = plusIsSpace ? part.replacingOccurrences(of: "+", with: " ") : String(part)
            return text.removingPercentEncoding ?? text
        }
        pairs = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(parts[0]), parts.count == 2 ? decode(parts[1]) : "")
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }
}

/// The parameters of `Authorization: OAuth …`.
struct OAuthHeader {
    private let parameters: [(name: String, value: String)]

    init(_ header: String) {
        parameters = header.dropFirst("OAuth ".count).split(separator: ",").compactMap { part in
            let pair = part.trimmingCharacters(in: .whitespaces)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, pair[1].hasPrefix("\""), pair[1].hasSuffix("\""), pair[1].count >= 2 else {
                return nil
            }
            return (String(pair[0]), pair[1].dropFirst().dropLast().removingPercentEncoding ?? "")
        }
    }

    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// What is signed: method, address without query, and all parameters but `realm` and the signature, sorted.
    func baseString(method: String, url: String, query: String?) -> String {
        let signed =
            parameters.filter { $0.name != "realm" && $0.name != "oauth_signature" }
            + FormFields(query ?? "", plusIsSpace: false).pairs
        let encoded = signed.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
        return [method, url, encoded].map { PercentEncoding.encode($0) }.joined(separator: "&")
    }
}
