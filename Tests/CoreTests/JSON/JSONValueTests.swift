import Core
import Testing

@Suite("JSON")
struct JSONValueTests {
    @Test("the same value has the same canonical bytes, whatever its writing (G8)")
    func canonical() throws {
        let first = try JSONValue(parsing: #"{"b": [1, 2.50, 1e2], "a": "é\n"}"#)
        let second = try JSONValue(parsing: #" {"a":"\u00e9\u000a","b":[1.0,25e-1,100]} "#)
        #expect(first.canonicalBytes == second.canonicalBytes)
        #expect(first != second)
        let other = try JSONValue(parsing: #"{"a": "é\n", "b": [1, 2.51, 100]}"#)
        #expect(first.canonicalBytes != other.canonicalBytes)
    }

    @Test("of a repeated name the last counts")
    func repeatedNames() throws {
        let value = try JSONValue(parsing: #"{"a": 1, "a": 2}"#)
        #expect(value["a"]?.integer == 2)
        #expect(value.fields?.count == 1)
    }

    @Test("numbers keep their text, so 6.5 and 1.0 are no integers")
    func numbers() throws {
        let value = try JSONValue(parsing: "[6.5, 1.0, 7, -3, 1e2, 12345678901234567890]")
        #expect(value.elements?.map(\.integer) == [nil, nil, 7, -3, nil, nil])
    }

    @Test("surrogate pairs are one character")
    func surrogates() throws {
        #expect(try JSONValue(parsing: #""\ud83d\ude80""#).string == "🚀")
    }

    @Test(
        "what is no JSON is refused with its place",
        arguments: ["", "{", "[1,]", #"{"a" 1}"#, "01", "1.", "\"\u{1}\"", "tru", "1 2", #""\x""#, "[-]"])
    func faults(text: String) {
        #expect(throws: JSONValue.ParsingError.self) { try JSONValue(parsing: text) }
    }

    @Test("nesting has a bound")
    func depth() throws {
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try JSONValue(parsing: deep).elements?.count == 1)
        #expect(throws: JSONValue.ParsingError.self) { try JSONValue(parsing: "[" + deep + "]") }
    }

    @Test("texts are escaped where JSON needs it")
    func writing() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("a\"b", "line\n\u{1}\\é")
            writer.field("n", 7)
            writer.field("nothing", nil as String?)
            writer.field("list", ["x", "y"])
        }
        #expect(writer.text == #"{"a\"b":"line\n\u0001\\é","n":7,"nothing":null,"list":["x","y"]}"#)
    }
}
