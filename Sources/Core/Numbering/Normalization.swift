extension NumberPlan {
    /// What a text as a header or a switch writes it stands for (section N).
    public func normalize(_ text: String?, in context: NumberContext = .voice) -> NormalizedNumber {
        guard let text else { return NormalizedNumber(.missing) }
        let bytes = text.utf8.span
        if let digits = NumberText.plainDigits(bytes) { return classify(digits, in: context) }
        switch NumberText.unwrap(bytes) {
        case .missing: return NormalizedNumber(.missing)
        case .anonymous: return NormalizedNumber(.anonymous)
        case .noUser: return NormalizedNumber(invalid: .noUser)
        case .user(let user):
            let (number, parameters) = NumberText.parameters(bytes, user)
            var result = classify(bytes, number: number, parameters: parameters, in: context)
            if !parameters.isEmpty { readPorting(bytes, parameters, into: &result) }
            return result
        }
    }

    /// Ten digits of the North American plan (rules N9, N10).
    public func classify(_ number: NationalNumber) -> NormalizedNumber {
        let npa = number.npa
        let nxx = number.nxx
        guard npa >= 200, npa / 10 % 10 <= 8, npa % 100 != 11 else { return NormalizedNumber(invalid: .invalidNPA) }
        guard let areaCode = traits(ofAreaCode: npa) else { return NormalizedNumber(invalid: .unassignedNPA) }
        guard areaCode.type != .tollFreeReserved else { return NormalizedNumber(invalid: .tollFreeReserved) }
        guard nxx >= 200, nxx % 100 != 11 else { return NormalizedNumber(invalid: .invalidNXX) }
        if areaCode.type == .geographic {
            switch nxx {
            case 555 where number.line != 1_212: return NormalizedNumber(invalid: .fictitious555)
            case 950, 958, 959: return NormalizedNumber(invalid: .invalidNXX)
            default: break
            }
        }
        return assigned(number, areaCode)
    }

    private func assigned(_ number: NationalNumber, _ areaCode: CodeTraits) -> NormalizedNumber {
        var result = NormalizedNumber(kind(of: number, areaCode))
        result.number = number.e164
        result.country = areaCode.country
        if result.kind == .service { result.serviceCode = 411 }
        return result
    }

    private func kind(of number: NationalNumber, _ areaCode: CodeTraits) -> NumberKind {
        switch areaCode.type {
        case .tollFree, .tollFreeReserved: return .tollfree
        case .premium: return .premium
        case .nonGeographic: return areaCode.isDomestic ? .nongeographic : .international
        case .geographic:
            guard areaCode.isDomestic else { return .international }
            switch number.nxx {
            case 555: return .service
            case 976: return .premium
            default: return .geographic
            }
        }
    }

    private func classify(
        _ bytes: Span<UInt8>, number: Range<Int>, parameters: Range<Int>, in context: NumberContext
    ) -> NormalizedNumber {
        guard !NumberText.isWithheld(bytes, number) else { return NormalizedNumber(.anonymous) }
        var digits = DigitString()
        let isReadable = NumberText.append(bytes, number, decodingPercent: true, to: &digits)
        if isReadable, !digits.hasPlus, !parameters.isEmpty {
            guard prepend(contextOf: parameters, bytes, number, to: &digits) else {
                return NormalizedNumber(invalid: .badCharacters)
            }
        }
        guard isReadable else { return NormalizedNumber(invalid: .badCharacters) }
        guard digits.count > 0 else {
            return digits.hasPlus ? NormalizedNumber(invalid: .badCharacters) : NormalizedNumber(.missing)
        }
        return classify(digits, in: context)
    }

    /// Puts a phone-context with `+` before a number without (rule N5). False where that is no number.
    private func prepend(
        contextOf parameters: Range<Int>, _ bytes: Span<UInt8>, _ number: Range<Int>, to digits: inout DigitString
    ) -> Bool {
        guard let parameter = NumberText.parameter("phone-context", bytes, parameters), let value = parameter.value,
            !value.isEmpty, bytes[value.lowerBound] == UInt8(ascii: "+")
        else { return true }
        var whole = DigitString()
        guard NumberText.append(bytes, value, decodingPercent: false, to: &whole),
            NumberText.append(bytes, number, decodingPercent: true, to: &whole)
        else { return false }
        digits = whole
        return true
    }

    private func classify(_ digits: DigitString, in context: NumberContext) -> NormalizedNumber {
        if digits.number == 266_696_687, digits.count == 9 { return NormalizedNumber(.anonymous) }
        if digits.number == 86_282_452_253, digits.count == 11 { return NormalizedNumber(.anonymous) }
        if digits.hasPlus { return international(digits) }
        if digits.count == 3 { return serviceCode(digits.number) }
        if context == .sms, (5...6).contains(digits.count), let first = digits.head(1), first >= 2 {
            var result = NormalizedNumber(.shortcode)
            result.country = .unitedStates
            result.serviceCode = UInt32(digits.number)
            return result
        }
        if digits.head(3) == 11, let first = digits.head(1), first == 0 {
            return international(digits.dropping(3), flags: [.iddPrefix])
        }
        if digits.head(2) == 0 { return international(digits.dropping(2), flags: [.iddPrefix]) }
        return withoutPrefix(digits)
    }

    /// What neither `+` nor an international prefix begins (rule N7).
    private func withoutPrefix(_ digits: DigitString) -> NormalizedNumber {
        let first = digits.head(1)
        switch digits.count {
        case 10: return classify(NationalNumber(digits: digits.number))
        case 11 where first == 1: return classify(NationalNumber(digits: digits.number - 10_000_000_000))
        case 11...15 where first != 0 && first != 1: return international(digits, flags: [.noPlus])
        case ..<10: return NormalizedNumber(invalid: .tooShort)
        case 16...: return NormalizedNumber(invalid: .tooLong)
        default: return NormalizedNumber(invalid: .badLength)
        }
    }

    private func serviceCode(_ code: UInt64) -> NormalizedNumber {
        let kind: NumberKind
        switch code {
        case 911, 933: kind = .emergency
        case 211, 311, 411, 511, 611, 711, 811, 988: kind = .service
        default: return NormalizedNumber(invalid: .tooShort)
        }
        var result = NormalizedNumber(kind)
        result.country = .unitedStates
        result.serviceCode = UInt32(code)
        return result
    }

    /// Digits behind `+`, or behind a prefix that stands for it (rules N6, N11).
    private func international(_ digits: DigitString, flags: Flags = .none) -> NormalizedNumber {
        if digits.head(1) == 1 {
            guard digits.count == 11 else { return NormalizedNumber(invalid: .badLength, flags: flags) }
            var result = classify(NationalNumber(digits: digits.number - 10_000_000_000))
            result.flags.formUnion(flags)
            return result
        }
        var flags = flags
        var number = digits.number
        if digits.count == 13, digits.head(3) == 521 {
            number = 520_000_000_000 + number % 10_000_000_000
            flags.insert(.mexicoLegacy1)
        } else {
            guard digits.count >= 7 else { return NormalizedNumber(invalid: .tooShort, flags: flags) }
            guard digits.count <= 15 else { return NormalizedNumber(invalid: .tooLong, flags: flags) }
        }
        guard digits.head(1) != 0, let country = country(ofDigits: number) else {
            return NormalizedNumber(invalid: .unknownCountryCode, flags: flags)
        }
        switch digits.head(3) {
        case 870, 881, 882, 883: flags.insert(.satellite)
        default: break
        }
        var result = NormalizedNumber(.international)
        result.number = PhoneNumber(digits: number)
        result.country = country
        result.flags = flags
        return result
    }

    /// `rn` and `npdi` of the user part, whatever the number is (rule N12).
    private func readPorting(_ bytes: Span<UInt8>, _ parameters: Range<Int>, into result: inout NormalizedNumber) {
        let rn = NumberText.parameter("rn", bytes, parameters)
        if let rn {
            result.rn = rn.value.flatMap { routingNumber(bytes, $0) }
            guard result.rn != nil else {
                result.flags.insert(.rnInvalid)
                return
            }
        }
        guard let npdi = NumberText.parameter("npdi", bytes, parameters) else { return }
        guard let value = npdi.value else {
            result.npdi = true
            return
        }
        result.npdi =
            NumberText.equals("yes", bytes, value) || NumberText.equals("true", bytes, value)
            || NumberText.equals("1", bytes, value)
    }

    private func routingNumber(_ bytes: Span<UInt8>, _ value: Range<Int>) -> NationalNumber? {
        var digits = DigitString()
        guard NumberText.append(bytes, value, decodingPercent: false, to: &digits) else { return nil }
        let number: NationalNumber
        switch digits.count {
        case 10 where !digits.hasPlus: number = NationalNumber(digits: digits.number)
        case 11 where digits.head(1) == 1: number = NationalNumber(digits: digits.number - 10_000_000_000)
        default: return nil
        }
        return classify(number).kind == .geographic ? number : nil
    }
}
