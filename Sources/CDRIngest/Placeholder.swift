@main
enum CDRIngestPlaceholder {
    static func main() {}
}
