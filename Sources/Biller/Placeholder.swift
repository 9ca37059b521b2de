@main
enum BillerPlaceholder {
    static func main() {}
}
