public import Drivers

/// What people read about a key: in `check-config`, in the documentation, in a fault.
public struct ConfigDeclaration: Sendable {
    /// Dotted camelCase, with the unit in the name: `lrn.timeoutMilliseconds`.
    public let name: String
    /// What may stand there: `text`, `integer 1...1000`, `true or false`, `list`, `secret`.
    public let kind: String
    /// The default as text, nil where there is none.
    public let defaultText: String?
    /// Whether it must be set.
    public let isRequired: Bool
    /// Whether it comes only from the credentials directory.
    public let isSecret: Bool
    /// Whether it is a list in the file, and comma-separated in the environment.
    public let isList: Bool
    /// One sentence: what it does.
    public let help: String

    /// Reads the texts that were found, or the default where nothing was; the failure is what a person should read.
    let resolve: @Sendable (_ found: [String]?) -> Result<any Sendable, ConfigFault>

    /// The environment variable of this key: `stream.batchSize` → `WARP_STREAM_BATCH_SIZE`.
    public var environmentVariable: String {
        var text = "WARP_"
        for character in name {
            if character == "." {
                text += "_"
            } else if character.isUppercase {
                text += "_\(character)"
            } else {
                text += character.uppercased()
            }
        }
        return text
    }
}

/// One fault of a configuration: which key, and what is wrong with it.
public struct ConfigFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The key, or the file for a fault of the whole file.
    public let key: String
    /// What is wrong, as a person should read it.
    public let problem: String

    /// A fault of one key.
    public init(key: String, problem: String) {
        self.key = key
        self.problem = problem
    }

    /// `stream.batchSize: 'many' is not an integer`
    public var description: String { "\(key): \(problem)" }
}

/// One configuration key, declared once: name, kind, default or required, help. Reading it from a checked `Config` cannot fail.
public struct ConfigKey<Value: Sendable>: Sendable {
    /// What people read about it.
    public let declaration: ConfigDeclaration

    /// A key with a reader of its own: anything that is written as one text. `parse` returns nil for a text that is no such value.
    public static func parsed(
        _ name: String, kind: String, default defaultText: String, help: String,
        parse: @escaping @Sendable (String) -> Value?
    ) -> ConfigKey {
        ConfigKey(name, kind: kind, default: defaultText, help: help) { texts in
            texts.first.flatMap(parse)
        }
    }

    /// A key with a reader of its own, which must be set.
    public static func required(
        _ name: String, kind: String, help: String, parse: @escaping @Sendable (String) -> Value?
    ) -> ConfigKey {
        ConfigKey(name, kind: kind, isRequired: true, help: help) { texts in texts.first.flatMap(parse) }
    }

    init(
        _ name: String, kind: String, default defaultText: String? = nil, isRequired: Bool = false,
        isSecret: Bool = false, isList: Bool = false, absent: Value? = nil, help: String,
        parse: @escaping @Sendable ([String]) -> Value?
    ) {
        declaration = ConfigDeclaration(
            name: name, kind: kind, defaultText: defaultText, isRequired: isRequired, isSecret: isSecret,
            isList: isList, help: help
        ) { found in
            if found == nil, let absent { return .success(absent) }
            guard let texts = found ?? defaultText.map({ [$0] }) else {
                return .failure(ConfigFault(key: name, problem: "is required (\(help))"))
            }
            guard let value = parse(texts) else {
                let shown = isSecret ? "the secret" : "'\(texts.joined(separator: ", "))'"
                return .failure(ConfigFault(key: name, problem: "\(shown) is not \(article(for: kind)) \(kind)"))
            }
            return .success(value)
        }
    }
}

extension ConfigKey where Value == String {
    /// Text with a default.
    public static func text(_ name: String, default defaultText: String, help: String) -> ConfigKey {
        ConfigKey(name, kind: "text", default: defaultText, help: help) { $0.first }
    }

    /// Text that must be set and not be empty.
    public static func requiredText(_ name: String, help: String) -> ConfigKey {
        ConfigKey(name, kind: "text", isRequired: true, help: help) { texts in
            texts.first.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// One of a few words.
    public static func choice(
        _ name: String, of words: [String], default defaultWord: String, help: String
    ) -> ConfigKey {
        ConfigKey(name, kind: "choice of \(words.joined(separator: ", "))", default: defaultWord, help: help) { texts in
            texts.first.flatMap { words.contains($0) ? $0 : nil }
        }
    }
}

extension ConfigKey where Value == String? {
    /// Text that may be missing; empty counts as missing.
    public static func optionalText(_ name: String, help: String) -> ConfigKey {
        ConfigKey(name, kind: "text", absent: .some(nil), help: help) { texts in
            texts.first.map { $0.isEmpty ? nil : $0 }
        }
    }
}

extension ConfigKey where Value == Int {
    /// A whole number within bounds.
    public static func integer(
        _ name: String, default defaultValue: Int, in bounds: ClosedRange<Int>, help: String
    ) -> ConfigKey {
        let kind = "integer from \(bounds.lowerBound) to \(bounds.upperBound)"
        return ConfigKey(name, kind: kind, default: "\(defaultValue)", help: help) { texts in
            texts.first.flatMap(Int.init).flatMap { bounds.contains($0) ? $0 : nil }
        }
    }
}

extension ConfigKey where Value == Bool {
    /// `true` or `false`.
    public static func flag(_ name: String, default defaultValue: Bool, help: String) -> ConfigKey {
        ConfigKey(name, kind: "true or false", default: "\(defaultValue)", help: help) { texts in
            texts.first.flatMap(Bool.init)
        }
    }
}

extension ConfigKey where Value == [String] {
    /// Several texts: a YAML list, or comma-separated in the environment.
    public static func list(_ name: String, default defaultValue: [String] = [], help: String) -> ConfigKey {
        ConfigKey(
            name, kind: "list", default: defaultValue.joined(separator: ","), isList: true, absent: defaultValue,
            help: help
        ) { $0 }
    }
}

extension ConfigKey where Value == Secret? {
    /// A secret that may be missing: the file `a-b` of the credentials directory for the key `a.b`.
    public static func secret(_ name: String, help: String) -> ConfigKey {
        ConfigKey(name, kind: "secret", isSecret: true, absent: .some(nil), help: help) { texts in
            texts.first.map { $0.isEmpty ? nil : Secret($0) }
        }
    }
}

extension ConfigKey where Value == Secret {
    /// A secret without which the daemon cannot work.
    public static func requiredSecret(_ name: String, help: String) -> ConfigKey {
        ConfigKey(name, kind: "secret", isRequired: true, isSecret: true, help: help) { texts in
            texts.first.flatMap { $0.isEmpty ? nil : Secret($0) }
        }
    }
}

/// The keys of a daemon, and what must hold between them.
public struct ConfigKeys: Sendable {
    /// Every key, in the order in which they were declared.
    public let declarations: [ConfigDeclaration]
    let crossChecks: [@Sendable (Config) -> [ConfigFault]]

    /// Several keys of different types. `checking` finds what is wrong between keys that are each right alone.
    public init<each Value: Sendable>(
        _ keys: repeat ConfigKey<each Value>,
        checking: @escaping @Sendable (Config) -> [ConfigFault] = { _ in [] }
    ) {
        var declarations: [ConfigDeclaration] = []
        for key in repeat each keys {
            declarations.append(key.declaration)
        }
        self.init(declarations: declarations, crossChecks: [checking])
    }

    init(declarations: [ConfigDeclaration], crossChecks: [@Sendable (Config) -> [ConfigFault]]) {
        self.declarations = declarations
        self.crossChecks = crossChecks
    }

    /// Both sets of keys; a name that stands in both is a bug.
    public static func + (left: ConfigKeys, right: ConfigKeys) -> ConfigKeys {
        let declarations = left.declarations + right.declarations
        precondition(Set(declarations.map(\.name)).count == declarations.count, "a configuration key is declared twice")
        return ConfigKeys(declarations: declarations, crossChecks: left.crossChecks + right.crossChecks)
    }
}

/// A configuration that was checked whole: every declared key has a value of its type.
public struct Config: Sendable {
    let values: [String: any Sendable]

    /// The value of a declared key.
    public subscript<Value: Sendable>(_ key: ConfigKey<Value>) -> Value {
        guard let value = values[key.declaration.name] as? Value else {
            preconditionFailure("the key \(key.declaration.name) is not among the daemon's keys")
        }
        return value
    }
}

/// `an integer`, `a text`.
private func article(for kind: String) -> String {
    kind.first.map { "aeiou".contains($0) } == true ? "an" : "a"
}
