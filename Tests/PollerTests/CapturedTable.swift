/// A file of bodies that a real Kamailio or a real Jasmin sent, and the status of each of its records in the tutorial's world.
struct Capture {
    let file: String
    let records: [Record]

    /// One record: its place in the file, what it is, how its key begins, its status and the reasons (rule G5) for it.
    struct Record: CustomStringConvertible {
        let number: Int
        let kind: String
        let key: String
        let status: String
        let flags: [String]

        var description: String { "\(number) \(kind) \(key)" }
    }

    init(_ file: String, _ table: String) {
        self.file = file
        records = table.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return Record(
                number: Int(words[0]) ?? 0, kind: words[1], key: words[2], status: words[3],
                flags: Array(words.dropFirst(4)))
        }
    }
}

/// Every captured record, in the order in which the files are sent.
///
/// Calls and messages: `rated`, `not_billable` (nobody answered, or the gateway refused it), `unrated` (most numbers are fictional,
/// rule N9) or `held` (an account that nobody has). An attempt of a vendor is `stored`, with `NO_CALL` where its call never came. A
/// receipt is `stored` and changes no charge. A message of which another answer will come is `evidence`. What was sent before is a
/// `repeat` (rule G8).
enum Captured {
    static let files = [
        Capture(
            "kamailio/http_requests.ndjson",
            """
             1 attempt 5de15aee/1 stored
             2 attempt 482bfa55/1 stored
             3 attempt 482bfa55/2 stored
             4 call    482bfa55   not_billable ANI_FALLBACK_BTN ANI_INVALID
             5 attempt 212c9d34/1 stored
             6 call    212c9d34   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             7 attempt d0b31c70/1 stored
             8 attempt 31fe6c74/1 stored
             9 attempt 1430aab9/1 stored
            10 call    5de15aee   rated        ANI_FALLBACK_BTN ANI_INVALID DEFAULT_PLAN_USED RESPORG_MISS ZERO_RATED
            11 attempt 5de15aee/2 stored
            12 call    83d6cd85   rated        ANI_INVALID ANI_MISSING GRACE NEGATIVE_MARGIN SKU_UNMAPPED
            13 attempt 83d6cd85/1 stored
            14 attempt 47bf230b/1 stored
            15 call    47bf230b   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            16 attempt c82392f9/1 stored
            17 call    5832344f   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            18 call    c82392f9   not_billable ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            19 attempt 5832344f/1 stored
            20 attempt 823fdbb8/1 stored
            21 attempt b7030336/1 stored
            22 attempt eb69ff8a/1 stored
            23 call    eb69ff8a   not_billable ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            24 attempt 84183411/1 stored
            25 call    84183411   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            26 attempt d57f8471/1 stored
            27 call    d57f8471   not_billable ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            28 call    095b446b   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            29 attempt 095b446b/1 stored
            30 attempt 82b68d3c/1 stored
            31 call    82b68d3c   not_billable ANI_INVALID ANI_MISSING SKU_UNMAPPED
            32 call    d0b31c70   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            33 attempt d0b31c70/2 stored
            34 call    cb92f316   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            35 attempt cb92f316/1 stored
            36 call    1430aab9   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            37 attempt 1430aab9/2 stored
            38 call    31fe6c74   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            39 attempt 31fe6c74/2 stored
            40 call    44fa9eef   rated        ANI_INVALID ANI_MISSING GRACE NEGATIVE_MARGIN SKU_UNMAPPED
            41 attempt 44fa9eef/1 stored
            42 call    6974f330   rated        ANI_FALLBACK_BTN ANI_INVALID DEFAULT_PLAN_USED ZERO_RATED
            43 attempt 6974f330/1 stored
            44 call    823fdbb8   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
            45 attempt 823fdbb8/2 stored
            46 attempt d13e3363/1 stored
            47 call    d13e3363   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            48 call    43a419b1   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            49 attempt 43a419b1/1 stored
            50 call    c072ed68   rated        ANI_INVALID ANI_MISSING DEFAULT_PLAN_USED
            51 attempt c072ed68/1 stored
            52 call    7c015d30   rated        ANI_INVALID ANI_MISSING
            53 attempt 7c015d30/1 stored
            54 call    b7030336   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            55 attempt b7030336/2 stored
            56 call    50e03e48   rated        ANI_FALLBACK_BTN ANI_INVALID
            57 attempt 50e03e48/1 stored
            58 call    6bdca9ba   unrated      ANI_INVALID ANI_MISSING DNI_INVALID RN_INVALID SKU_UNMAPPED
            59 attempt 6bdca9ba/1 stored
            """),
        Capture(
            "kamailio/cdrs_prepaid.ndjson",
            """
             1 call    b12fba62   held         ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED UNKNOWN_CUSTOMER
             2 call    75c5ad07   held         ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED UNKNOWN_CUSTOMER
             3 call    4a418093   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             4 attempt 4a418093/1 stored
             5 call    bacc0428   held         ANI_INVALID ANI_MISSING UNKNOWN_CUSTOMER
             6 call    ba01f21e   rated        ANI_INVALID ANI_MISSING DEFAULT_PLAN_USED ZERO_RATED
             7 attempt ba01f21e/1 stored
             8 call    7bed88f3   unrated      ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
             9 attempt 7bed88f3/1 stored
            10 call    2c23cb0c   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            11 attempt 2c23cb0c/1 stored
            12 call    170dd228   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            13 attempt 170dd228/1 stored
            14 call    b8279d47   rated        ANI_FALLBACK_BTN ANI_INVALID
            15 attempt b8279d47/1 stored
            """),
        Capture(
            "kamailio/http_batch_array.json",
            """
             1 call    f4d46333   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             2 attempt f4d46333/1 stored
             3 call    daddd240   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             4 attempt daddd240/1 stored
            """),
        Capture(
            "kamailio/http_async_client.ndjson",
            """
             1 attempt da93299b/1 stored       NO_CALL
             2 attempt 049e8e45/1 stored
             3 call    049e8e45   rated        ANI_FALLBACK_BTN ANI_INVALID
             4 attempt 049e8e45/2 stored
            """),
        Capture(
            "kamailio/http_keepalive_basic.ndjson",
            """
             1 attempt 8fe27388/1 stored
             2 attempt 24dab3c5/1 stored       NO_CALL
             3 call    8fe27388   rated        ANI_FALLBACK_BTN ANI_INVALID
             4 attempt 8fe27388/2 stored
            """),
        Capture(
            "kamailio/redis_xrange.ndjson",
            """
             1 call    ac9efa78   not_billable ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
             2 call    6c9378dd   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             3 call    ef97204f   not_billable ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             4 call    20826cce   rated        ANI_FALLBACK_BTN ANI_INVALID MARGIN_ALERT NEGATIVE_MARGIN
             5 call    fa96425b   not_billable ANI_FALLBACK_BTN ANI_INVALID
             6 call    dbbc9a8b   rated        ANI_FALLBACK_BTN ANI_INVALID
             7 call    f7107b93   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
             8 call    1ae68f9a   not_billable ANI_INVALID ANI_MISSING DNI_INVALID SKU_UNMAPPED
             9 call    c5f81d92   rated        ANI_INVALID ANI_MISSING DEFAULT_PLAN_USED ZERO_RATED
            10 call    d6a46557   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID RN_INVALID SKU_UNMAPPED
            11 call    6dfff57d   rated        ANI_FALLBACK_BTN ANI_INVALID MARGIN_ALERT NEGATIVE_MARGIN
            12 call    a3c1e510   unrated      ANI_FALLBACK_BTN ANI_INVALID DNI_INVALID SKU_UNMAPPED
            13 call    29166341   rated        ANI_INVALID ANI_MISSING DEFAULT_PLAN_USED ZERO_RATED
            14 attempt ac9efa78/1 stored
            15 attempt 6c9378dd/1 stored
            16 attempt c5f81d92/1 stored
            17 attempt ef97204f/1 stored
            18 attempt 20826cce/1 stored
            19 attempt fa96425b/1 stored
            20 attempt a3c1e510/1 stored
            21 attempt fa96425b/2 stored
            22 attempt dbbc9a8b/1 stored
            23 attempt f7107b93/1 stored
            24 attempt 1ae68f9a/1 stored
            25 attempt c5f81d92/2 stored
            26 attempt 29166341/1 stored
            27 attempt d6a46557/1 stored
            28 attempt 6dfff57d/1 stored
            29 attempt a3c1e510/2 stored
            30 attempt 29166341/2 stored
            """),
        Capture(
            "jasmin/forwarder_posts.ndjson",
            """
             1 message d45b9097   unrated      DNI_INVALID
             2 message 3f7af32c   unrated      DNI_INVALID
             3 message f54906ff   unrated      DNI_INVALID
             4 message 6e8540f1   unrated      DNI_INVALID
             5 message f342b865   not_billable
             6 message 6772d9d4   evidence
             7 receipt A0000001   stored
             8 message 8e797a4d   rated        DEFAULT_PLAN_USED
             9 message afd5f6a1   rated        DEFAULT_PLAN_USED
            10 message b22694b8   rated        DEFAULT_PLAN_USED
            11 message a02f3886   rated        DEFAULT_PLAN_USED
            12 message 6d0d8ff3   rated        DEFAULT_PLAN_USED
            13 message f5317a15   rated        DEFAULT_PLAN_USED
            14 message dd733085   rated        DEFAULT_PLAN_USED
            15 message 9cb0b7b2   rated        DEFAULT_PLAN_USED
            16 message f838d853   rated        DEFAULT_PLAN_USED
            17 receipt A0000002   stored
            18 receipt A0000005   stored
            19 receipt A0000006   stored
            20 message 6772d9d4   unrated      DNI_INVALID
            21 message d287f681   unrated      DNI_INVALID
            22 message f41e1332   unrated      DNI_INVALID
            23 message 674454e7   unrated      DNI_INVALID
            24 receipt A000000B   stored
            25 message 6765fcd8   unrated      DNI_INVALID
            26 message ccb70976   unrated      DNI_INVALID
            27 receipt A0000007   stored
            28 receipt A0000008   stored
            29 receipt A000000A   stored
            30 receipt A000000C   stored
            31 receipt A0000008   repeat
            """),
        Capture(
            "kamailio/customer_cdr.ndjson",
            """
             1 call    482bfa55   repeat
             2 call    212c9d34   repeat
             3 call    5de15aee   repeat
             4 call    83d6cd85   repeat
             5 call    47bf230b   repeat
             6 call    5832344f   repeat
             7 call    c82392f9   repeat
             8 call    eb69ff8a   repeat
             9 call    84183411   repeat
            10 call    d57f8471   repeat
            11 call    095b446b   repeat
            12 call    82b68d3c   repeat
            13 call    d0b31c70   repeat
            14 call    cb92f316   repeat
            15 call    1430aab9   repeat
            16 call    31fe6c74   repeat
            17 call    44fa9eef   repeat
            18 call    6974f330   repeat
            19 call    823fdbb8   repeat
            20 call    d13e3363   repeat
            21 call    43a419b1   repeat
            22 call    c072ed68   repeat
            23 call    7c015d30   repeat
            24 call    b7030336   repeat
            25 call    50e03e48   repeat
            26 call    6bdca9ba   repeat
            """),
        Capture(
            "kamailio/vendor_cdr.ndjson",
            """
             1 attempt 5de15aee/1 repeat
             2 attempt 482bfa55/1 repeat
             3 attempt 482bfa55/2 repeat
             4 attempt 212c9d34/1 repeat
             5 attempt d0b31c70/1 repeat
             6 attempt 31fe6c74/1 repeat
             7 attempt 1430aab9/1 repeat
             8 attempt 5de15aee/2 repeat
             9 attempt 83d6cd85/1 repeat
            10 attempt 47bf230b/1 repeat
            11 attempt c82392f9/1 repeat
            12 attempt 5832344f/1 repeat
            13 attempt 823fdbb8/1 repeat
            14 attempt b7030336/1 repeat
            15 attempt eb69ff8a/1 repeat
            16 attempt 84183411/1 repeat
            17 attempt d57f8471/1 repeat
            18 attempt 095b446b/1 repeat
            19 attempt 82b68d3c/1 repeat
            20 attempt d0b31c70/2 repeat
            21 attempt cb92f316/1 repeat
            22 attempt 1430aab9/2 repeat
            23 attempt 31fe6c74/2 repeat
            24 attempt 44fa9eef/1 repeat
            25 attempt 6974f330/1 repeat
            26 attempt 823fdbb8/2 repeat
            27 attempt d13e3363/1 repeat
            28 attempt 43a419b1/1 repeat
            29 attempt c072ed68/1 repeat
            30 attempt 7c015d30/1 repeat
            31 attempt b7030336/2 repeat
            32 attempt 50e03e48/1 repeat
            33 attempt 6bdca9ba/1 repeat
            """),
    ]
}
