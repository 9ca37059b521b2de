/// Random raw CDRs, MDRs and API records of a world, many of them dirty.
struct CallMaker: Sendable {
    let world: World

    private static let lengths = [
        1, 999, 1000, 1001, 2999, 3000, 3001, 5999, 6000, 6001, 12_000, 12_001, 29_999, 30_000, 30_001, 35_999, 36_001,
        59_999, 60_000, 60_001, 61_000, 600_000,
    ]

    func instant(_ random: inout SplitMix) -> Int {
        random.pick(world.instants)
            + random.pick(weighted: [
                (20, 0), (20, -1), (20, random.number(-172_800_000...172_800_000)),
                (10, random.number(-7200...7200) * 1000),
            ])
    }

    /// A stamp, in one of the forms of G4.
    func stamp(_ instant: Int, _ random: inout SplitMix) -> JSON {
        let text = Calendar.text(instant: instant)
        func local(_ minutes: Int) -> String { String(Calendar.text(instant: instant + minutes * 60000).dropLast()) }
        let choices: [(weight: Int, element: String)] = [
            (60, text), (5, String(text.dropLast())), (5, text.replacing("T", with: " ")),
            (5, "\(text.dropLast())\(random.digits(3))Z"), (5, "\(local(-300))-05:00"), (5, "\(local(330))+0530"),
            (2, "\(local(0))+00:00"), (2, "\(text.prefix(19))Z"), (2, "\(text.prefix(21))Z"),
            (1, random.pick(["0000-00-00 00:00:00", "2025-02-29T00:00:00Z", "yesterday", "2025-03-12", "1741791600"])),
            (
                1,
                random.pick([
                    "2025-13-01T00:00:00Z", "2025-03-12T24:00:00Z", "2025-03-12T15:00Z", "2025-03-12T15:00:00.Z",
                    "2025-03-12T15:00:60Z",
                    "2025-03-12T15:00:00,5Z", "2025-03-12T15:00:00+5:30", "2025-03-12T15:00:00+00",
                    "2025-03-12  15:00:00",
                    "1969-12-31T23:59:59.999Z", "1970-01-01T00:30:00+01:00", "2025-03-12T15:00:00Zulu",
                    "2025-3-12T15:00:00Z",
                ])
            ),
            (1, ""),
        ]
        return .string(random.pick(weighted: choices))
    }

    private func customer(_ random: inout SplitMix) -> JSON {
        random.pick(weighted: [(96, .string(random.pick(world.customers))), (2, "BAN404"), (1, .null)])
    }

    private func vendor(_ random: inout SplitMix) -> JSON {
        random.pick(weighted: [(90, .string(random.pick(world.vendors))), (5, .null), (5, "nobody")])
    }

    func headers(_ random: inout SplitMix) -> [String: JSON] {
        var record: [String: JSON] = [:]
        for column in ["sip_pci", "sip_pai", "sip_rpid", "raw_ani", "sip_from", "sip_contact"] {
            record[column] = .null
            let percent = ["raw_ani": 80, "sip_from": 80, "sip_pci": 10][column] ?? 25
            guard random.chance(percent) else { continue }
            let values = (0..<random.pick([1, 1, 1, 2, 3])).map { _ -> String in
                let number = random.chance(75) ? random.pick(world.numbers.geographic) : world.numbers.any(&random)
                let parameters = random.chance(10) ? world.numbers.porting(&random) : ""
                return world.numbers.written(number, &random, parameters: parameters)
            }
            record[column] = .string(values.joined(separator: random.pick([",", ", "])))
        }
        return record
    }

    func direction(_ random: inout SplitMix) -> JSON {
        random.pick(weighted: [
            (40, "outbound"), (5, "TERMINATING"), (5, " Egress "), (20, "inbound"), (5, "Originating"), (5, "ingress"),
            (2, "sideways"), (1, .null), (1, ""),
        ])
    }

    /// When a record came in: mostly a second after its end, sometimes so that its clock is just or not quite believable.
    private func receipt(_ instant: Int, _ length: Int, _ random: inout SplitMix) -> Int {
        let day = Calendar.dayOf(instant: instant)
        let date = Calendar.date(day)
        let month = date.year * 12 + date.month + 12
        let old =
            Calendar.day(month / 12, month % 12 + 1, date.day) * Calendar.dayLength + instant - day * Calendar.dayLength
        return random.pick(weighted: [
            (60, instant + max(length, 0) + 1000), (2, instant - 300_000), (2, instant - 300_001),
            (1, instant - 999_999),
            (1, old), (1, old - 1), (2, old + 1), (1, old + 4 * Calendar.dayLength),
        ])
    }

    func call(_ random: inout SplitMix) -> JSON {
        var record = headers(&random)
        let called = world.numbers.any(&random)
        record["dni"] = random.chance(3) ? .null : .string(world.numbers.written(called, &random))
        record["sip_ruri"] = .null
        if random.chance(50) {
            let number = random.chance(85) ? called : world.numbers.any(&random)
            record["sip_ruri"] = .string(
                world.numbers.written(number, &random, parameters: world.numbers.porting(&random)))
        }
        record["id"] = .string("00000000-0000-4000-9000-\(random.digits(12))")
        record["sip_uuid"] = .string("u" + random.digits(8))
        record["sip_callid"] = .string("c\(random.digits(6))@h")
        record["customer_ban"] = customer(&random)
        record["direction"] = direction(&random)
        record["selected_vendor"] = vendor(&random)
        record["vendor_trunk"] = "t1"
        record["routing_partition"] = "p1"

        let answer = instant(&random)
        let length = random.pick(weighted: [
            (40, random.pick(Self.lengths)), (30, random.number(1...600_000)), (10, random.number(1...600) * 1000),
            (4, 0), (2, 86_400_000), (1, 86_400_001), (2, -random.number(1...5000)), (1, random.number(1...90_000_000)),
        ])
        let start = answer - random.pick(weighted: [(40, random.number(0...30_000)), (3, -random.number(1...5000))])
        let created = receipt(answer, length, &random)
        record["start_stamp"] = random.chance(95) ? stamp(start, &random) : .null
        record["answer_stamp"] = random.chance(88) ? stamp(answer, &random) : .null
        let end = record["answer_stamp"] == .null ? start + random.pick([20_000, 20_000, -1000]) : answer + length
        record["end_stamp"] = random.chance(96) ? stamp(end, &random) : .null
        record["created_at"] = random.chance(90) ? stamp(created, &random) : .null
        for (name, value) in record.sorted(by: { $0.key < $1.key }) where value == .null && random.chance(20) {
            record[name] = nil
        }
        return .object(record)
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyz ABC0123456789.,!?äöüÄÖÜßñÑéèùòÇ£¥§¿¡Δ@_\"\n\r").map(
        String.init)
    private static let pairs = ["^", "{", "}", "\\", "[", "~", "]", "|", "€", "\u{c}"]
    private static let wide = ["я", "ç", "`", "日", "😀", "👍", "é\u{301}", "á", "“"]

    func body(_ random: inout SplitMix) -> String {
        let length = random.pick([
            0, 1, 20, 66, 67, 68, 69, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 200, 201, 202, 305, 306, 307,
            460,
        ])
        let wideness = random.pick([0, 0, 0, 2, 30])
        let doubled = random.pick([0, 0, 3, 40])
        var body = ""
        for _ in 0..<length {
            body +=
                random.chance(wideness)
                ? random.pick(Self.wide) : random.chance(doubled) ? random.pick(Self.pairs) : random.pick(Self.letters)
        }
        return body
    }

    func message(_ random: inout SplitMix) -> JSON {
        func party(_ random: inout SplitMix) -> JSON {
            let number = random.pick(weighted: [
                (60, random.pick(world.numbers.geographic)), (20, "+" + random.pick(world.numbers.foreign)),
                (10, random.pick(["72345", "234567", "12345", "911"])), (10, world.numbers.any(&random)),
            ])
            return random.chance(2) ? .null : .string(world.numbers.written(number, &random))
        }
        let direction: JSON = random.pick(weighted: [
            (50, "MT"), (10, "outbound"), (20, "MO"), (5, "Inbound"), (3, "sideways"), (1, .null),
        ])
        let at = instant(&random)
        let isKnown = direction != "sideways" && direction != .null
        return [
            "msgid": .string("m" + random.digits(8)), "customer_ban": customer(&random),
            "type": random.pick(weighted: [(60, "sms"), (5, "SMS"), (20, "mms"), (2, "Mms"), (2, "rcs")]),
            "direction": direction, "source": party(&random), "destination": party(&random),
            "body": random.chance(75) ? .string(body(&random)) : .null,
            "coding": .integer(random.pick([0, 0, 0, 8, 3])),
            "segments": random.pick(weighted: [
                (50, .null), (30, .integer(random.number(1...4))), (1, 50_000_000), (2, 0),
            ]),
            "status": isKnown
                ? random.pick(weighted: [
                    (50, "delivered"), (5, "Submitted"), (5, "accepted"), (5, "sent"), (5, "undelivered"),
                    (5, "expired"), (5, "failed"), (3, "REJECTED"), (3, "throttled"), (3, "lost"),
                ]) : "delivered",
            "carrier": random.pick(weighted: [(60, .string(random.pick(World.carriers))), (10, "Sprint"), (5, .null)]),
            "vendor": vendor(&random), "at": random.chance(98) ? stamp(at, &random) : .null,
            "created_at": random.chance(50) ? stamp(receipt(at, 0, &random), &random) : .null,
        ]
    }

    func query(_ random: inout SplitMix) -> JSON {
        let at = instant(&random)
        var record: [String: JSON] = [
            "id": .string("q" + random.digits(8)), "customer_ban": customer(&random),
            "api": .string(random.pick(["LRN", "CNAM", " lrn ", "cnam", "DNC", "dno", "SPAM"])),
            "quantity": random.pick(weighted: [
                (40, 1), (40, .integer(random.number(1...5000))), (1, 2_000_000_000), (2, 0), (2, -1), (2, "2"),
                (2, true), (4, .null),
                (1, .number("1.5")),
            ]),
            "status": random.pick(weighted: [
                (50, "ok"), (10, "OK"), (20, "not_found"), (5, "error"), (5, "Timeout"), (5, "throttled"), (3, "??"),
                (1, .null),
            ]),
            "vendor": vendor(&random), "at": random.chance(98) ? stamp(at, &random) : .null,
        ]
        if random.chance(50) { record["created_at"] = stamp(receipt(at, 0, &random), &random) }
        if record["quantity"] == .null, random.chance(50) { record["quantity"] = nil }
        return .object(record)
    }

    func batch(_ random: inout SplitMix) -> JSON {
        let service = random.pick(["voice", "voice", "api"])
        func fresh(_ random: inout SplitMix) -> JSON { service == "voice" ? call(&random) : query(&random) }
        let key = service == "voice" ? "sip_uuid" : "id"
        var records = [fresh(&random)]
        for _ in 0..<random.number(2...6) {
            let earlier = random.pick(records)
            records.append(
                random.pick(weighted: [
                    (30, fresh(&random)), (30, earlier), (10, earlier.setting("customer_ban", "BAN1")),
                    (10, earlier.setting("extra", .null)), (10, fresh(&random).setting(key, earlier[key])),
                    (5, fresh(&random).setting(key, .null)),
                ]))
        }
        return ["service": .string(service), "records": .array(records)]
    }
}
