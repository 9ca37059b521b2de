public import Drivers

/// Where BigQuery is and as whom it is asked: the keys that every daemon shares that uses it.
public enum BigQueryAccess {
    /// Google, or an emulator.
    public static let url = ConfigKey.text(
        "bigquery.url", default: "https://bigquery.googleapis.com", help: "Where BigQuery's REST API is.")
    /// Who pays.
    public static let project = ConfigKey.optionalText(
        "bigquery.project", help: "The project in which jobs run, and in which tables lie that name none.")
    /// Where the data lies.
    public static let location = ConfigKey.optionalText(
        "bigquery.location", help: "Where the dataset lies, such as US or europe-west3.")
    /// As whom we ask.
    public static let login = ConfigKey.choice(
        "bigquery.login", of: ["key", "metadata", "none"], default: "key",
        help:
            "How to log in: key (bigquery.credentials), metadata (the machine's own account in Google's cloud), none (an emulator)."
    )
    /// The key file.
    public static let credentials = ConfigKey.secret(
        "bigquery.credentials", help: "The JSON key file of the service account.")

    /// All of them.
    public static let keys = ConfigKeys(url, project, location, login, credentials)

    /// As whom BigQuery is asked.
    public static func credentials(_ config: Config) throws(ConfigFault) -> BigQueryLogin.Credentials {
        switch config[login] {
        case "none": return .none
        case "metadata": return .metadataServer(url: "http://metadata.google.internal")
        default:
            guard let json = config[credentials] else {
                throw ConfigFault(key: "bigquery.credentials", problem: "is required where bigquery.login is key")
            }
            do throws(BigQueryError) {
                return .serviceAccount(try GoogleServiceAccountKey(json: json))
            } catch {
                throw ConfigFault(key: "bigquery.credentials", problem: "\(error)")
            }
        }
    }

    /// A client; nil where no project is configured.
    public static func client(_ config: Config) throws(ConfigFault) -> BigQueryClient? {
        guard let project = config[project] else { return nil }
        // Tokens live by the real clock.
        let login = BigQueryLogin(try credentials(config)) { Clock.system.now() / 1_000 }
        return BigQueryClient(
            configuration: .init(url: config[url], project: project, location: config[location], login: login))
    }
}
