@main
enum SandboxPlaceholder {
    static func main() {}
}
