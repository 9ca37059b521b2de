import Testing

@testable import Sandbox

@Suite("JSON of the stand-ins")
struct JSONValueTests {
    @Test(
        "a document is written back as it came, numbers digit by digit",
        arguments: [
            #"{"amount":125.40,"rate":1e3,"items":[1,-0.10,null,true,false,"a\"b\\c\n"]}"#, "[]", "{}", #""é😀""#,
        ])
    func roundTrip(text: String) throws {
        #expect(try JSONParser.parse(text.utf8).encoded == text)
    }

    @Test("escapes are read, surrogate pairs too")
    func escapes() throws {
        let text = ##""\u00e9\ud83d\ude00\/\t""##
        #expect(try JSONParser.parse(text.utf8) == .string("é😀/\t"))
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", "{", "[1,]", #"{"a":1,"a":2}"#, "01", "1.", "+1", "nul", #""\ud83d""#, "{} {}", "{'a':1}", "\"\t\"",
            String(repeating: "[", count: 65),
        ])
    func refused(text: String) {
        #expect(throws: JSONFault.self) { try JSONParser.parse(text.utf8) }
    }
}
