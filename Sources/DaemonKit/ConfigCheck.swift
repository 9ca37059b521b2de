public import Configuration
import Synchronization

/// The configuration as it was read: a value for every key, or every fault at once.
public enum ConfigReading: Sendable {
    case checked(Config)
    case faulty([ConfigFault])
}

/// Reads a daemon's keys from its YAML file, then the environment (which wins), and its secrets from the credentials directory.
public struct ConfigCheck: Sendable {
    let keys: ConfigKeys

    /// A check of these keys.
    public init(keys: ConfigKeys) {
        self.keys = keys
    }

    /// Reads everything and reports every fault at once.
    /// - Parameters:
    ///   - file: the YAML file; nil reads none.
    ///   - environment: the environment's variables, `WARP_` in front; among them `CREDENTIALS_DIRECTORY`.
    public func read(file: String?, environment: [String: String]) async -> ConfigReading {
        var faults: [ConfigFault] = []
        var sources: [ConfigSource] = []
        if let file {
            do {
                let (provider, names) = try await YAMLFile.read(file)
                sources.append(ConfigSource(name: file, provider: provider, holdsSecrets: false))
                faults += unknownKeys(names)
            } catch {
                faults.append(ConfigFault(key: file, problem: "cannot be read: \(error)"))
            }
        }
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        sources.append(
            ConfigSource(
                name: "the environment", provider: variables.prefixKeys(with: "warp"), holdsSecrets: false))
        if let directory = environment["CREDENTIALS_DIRECTORY"] {
            do {
                let provider = try await DirectoryFilesProvider(directoryPath: .init(directory), allowMissing: true)
                sources.append(ConfigSource(name: directory, provider: provider, holdsSecrets: true))
            } catch {
                faults.append(ConfigFault(key: directory, problem: "cannot be read: \(error)"))
            }
        }
        return resolve(from: sources, faults: faults)
    }

    /// Reads texts by key name, as tests do; secrets too.
    public func read(values: [String: String]) -> ConfigReading {
        let names = keys.declarations.map(\.name)
        let unknown = values.keys.filter { !names.contains($0) }
        return resolve(faults: unknownKeys(Array(unknown))) { declaration in
            values[declaration.name].map { text in
                declaration.isList ? text.split(separator: ",").map(String.init) : [text]
            }
        }
    }

    private func resolve(from sources: [ConfigSource], faults earlier: [ConfigFault]) -> ConfigReading {
        var faults = earlier
        var found: [String: [String]] = [:]
        for declaration in keys.declarations {
            for source in sources {
                do throws(ConfigFault) {
                    guard let texts = try source.texts(of: declaration) else { continue }
                    guard declaration.isSecret == source.holdsSecrets else {
                        if declaration.isSecret {
                            throw ConfigFault(
                                key: declaration.name,
                                problem:
                                    "is a secret and comes only from the credentials directory, not from \(source.name)"
                            )
                        }
                        continue
                    }
                    found[declaration.name] = texts
                } catch {
                    faults.append(error)
                }
            }
        }
        return resolve(faults: faults) { found[$0.name] }
    }

    private func resolve(faults earlier: [ConfigFault], found: (ConfigDeclaration) -> [String]?) -> ConfigReading {
        var faults = earlier
        var values: [String: any Sendable] = [:]
        for declaration in keys.declarations {
            switch declaration.resolve(found(declaration)) {
            case .success(let value): values[declaration.name] = value
            case .failure(let fault):
                if !faults.contains(where: { $0.key == declaration.name }) { faults.append(fault) }
            }
        }
        if faults.isEmpty {
            let config = Config(values: values)
            faults = keys.crossChecks.flatMap { $0(config) }
            if faults.isEmpty { return .checked(config) }
        }
        return .faulty(faults.sorted { $0.key < $1.key })
    }

    private func unknownKeys(_ names: [String]) -> [ConfigFault] {
        let known = keys.declarations.map(\.name)
        return names.filter { !known.contains($0) }.map { name in
            let nearest = known.min { editDistance($0, name) < editDistance($1, name) }
            let hint = nearest.map { "; the nearest known key is \($0)" } ?? ""
            return ConfigFault(key: name, problem: "is not a known key\(hint)")
        }
    }
}

/// One place where values may stand.
private struct ConfigSource {
    let name: String
    let provider: any ConfigProvider
    let holdsSecrets: Bool

    /// The texts under a key, nil where there are none.
    func texts(of declaration: ConfigDeclaration) throws(ConfigFault) -> [String]? {
        let key = AbsoluteConfigKey(declaration.name.split(separator: ".").map(String.init))
        do {
            let found = try provider.value(forKey: key, type: declaration.isList ? .stringArray : .string)
            switch found.value?.content {
            case .string(let text): return [text]
            case .stringArray(let texts): return texts
            default: return nil
            }
        } catch {
            let form = declaration.isList ? "a list" : "one value"
            throw ConfigFault(key: declaration.name, problem: "in \(name) is not \(form)")
        }
    }
}

/// Reads YAML files of settings, a daemon's or others.
public enum YAMLFile {
    /// The values, and the names of the keys in the file: the parser asks for each one whether it is secret.
    public static func read(_ path: String) async throws -> (provider: any ConfigProvider, names: [String]) {
        let names = Mutex<[String]>([])
        let options = YAMLSnapshot.ParsingOptions(
            secretsSpecifier: .dynamic { name, _ in
                names.withLock { $0.append(name) }
                return false
            })
        let provider = try await FileProvider<YAMLSnapshot>(parsingOptions: options, filePath: .init(path))
        return (provider, names.withLock { $0 })
    }
}

/// How many single-character edits lie between two names.
func editDistance(_ left: String, _ right: String) -> Int {
    let rightCharacters = Array(right)
    var row = Array(0...rightCharacters.count)
    for (line, leftCharacter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = line + 1
        for (column, rightCharacter) in rightCharacters.enumerated() {
            let substituted = diagonal + (leftCharacter == rightCharacter ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(substituted, row[column] + 1, row[column + 1] + 1)
        }
    }
    return row[rightCharacters.count]
}
