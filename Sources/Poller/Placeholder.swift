@main
enum PollerPlaceholder {
    static func main() {}
}
