@main
enum BillingCtlPlaceholder {
    static func main() {}
}
