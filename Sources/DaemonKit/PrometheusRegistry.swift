public import Metrics
import Synchronization

/// The metrics of one process, rendered as Prometheus text. Metrics are named by the catalogue and told apart by label values in
/// the order of the catalogue: `metrics.increment(.ingestRecords, by: 3, "cdr", "accepted")`.
public final class PrometheusRegistry: Sendable {
    private struct Histogram {
        var counts: [Int]
        var count = 0
        var sum = 0.0
    }

    private struct Values {
        var numbers: [MetricName: [[String]: Double]] = [:]
        var histograms: [MetricName: [[String]: Histogram]] = [:]
    }

    private let catalogue: [String: MetricName]
    private let values = Mutex(Values())

    /// A registry over the catalogue; another one for tests of the registry itself.
    public init(catalogue: [MetricName] = MetricNames.all) {
        self.catalogue = Dictionary(catalogue.map { ($0.name, $0) }) { first, _ in
            preconditionFailure("the metric \(first.name) stands twice in the catalogue")
        }
    }

    /// Adds to a counter.
    public func increment(_ name: MetricName, by amount: Int = 1, _ labels: String...) {
        add(Double(amount), to: name, labels: labels)
    }

    /// Sets a gauge.
    public func set(_ name: MetricName, to value: Double, _ labels: String...) {
        check(name, labels, is: .gauge)
        values.withLock { $0.numbers[name, default: [:]][labels] = value }
    }

    /// Sets a gauge to a whole number.
    public func set(_ name: MetricName, to value: Int, _ labels: String...) {
        check(name, labels, is: .gauge)
        values.withLock { $0.numbers[name, default: [:]][labels] = Double(value) }
    }

    /// Adds a value to a histogram.
    public func observe(_ name: MetricName, _ value: Double, _ labels: String...) {
        record(value, in: name, labels: labels)
    }

    /// Adds a duration to a histogram of seconds.
    public func observe(_ name: MetricName, _ duration: Duration, _ labels: String...) {
        record(duration.inSeconds, in: name, labels: labels)
    }

    /// Runs some work and adds the time it took, failed or not, to a histogram of seconds.
    public func timing<Value>(
        _ name: MetricName, _ label: String, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let start = ContinuousClock.now
        defer { record((ContinuousClock.now - start).inSeconds, in: name, labels: [label]) }
        return try await body()
    }

    /// Everything in the text format of Prometheus, in the order of names and label values.
    public func render() -> String {
        let values = values.withLock { $0 }
        var text = ""
        for name in catalogue.values.sorted(by: { $0.name < $1.name }) {
            text += "# HELP \(name.name) \(Self.escaped(name.help))\n# TYPE \(name.name) \(Self.type(of: name.kind))\n"
            for (labels, number) in (values.numbers[name] ?? [:]).sorted(by: {
                $0.key.lexicographicallyPrecedes($1.key)
            }) {
                text += "\(name.name)\(Self.labels(name.labels, labels)) \(Self.number(number))\n"
            }
            for (labels, histogram) in (values.histograms[name] ?? [:])
                .sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
            {
                text += Self.lines(name, labels, histogram)
            }
        }
        return text
    }

    /// What a counter or gauge shows now; 0 where nothing was counted yet. Tests ask.
    public func value(_ name: MetricName, _ labels: String...) -> Double {
        values.withLock { $0.numbers[name]?[labels] ?? 0 }
    }

    fileprivate func add(_ amount: Double, to name: MetricName, labels: [String]) {
        check(name, labels, is: .counter)
        precondition(amount >= 0, "a counter does not go down")
        values.withLock { $0.numbers[name, default: [:]][labels, default: 0] += amount }
    }

    fileprivate func change(_ name: MetricName, labels: [String], _ change: (Double) -> Double) {
        check(name, labels, is: .gauge)
        values.withLock { values in
            values.numbers[name, default: [:]][labels] = change(values.numbers[name]?[labels] ?? 0)
        }
    }

    fileprivate func record(_ value: Double, in name: MetricName, labels: [String]) {
        check(name, labels, is: name.kind)
        guard case .histogram(let bounds) = name.kind else {
            preconditionFailure("\(name.name) is not a histogram")
        }
        values.withLock { values in
            var histogram =
                values.histograms[name]?[labels] ?? Histogram(counts: Array(repeating: 0, count: bounds.count))
            for (index, bound) in bounds.enumerated() where value <= bound { histogram.counts[index] += 1 }
            histogram.count += 1
            histogram.sum += value
            values.histograms[name, default: [:]][labels] = histogram
        }
    }

    private func check(_ name: MetricName, _ labels: [String], is kind: MetricKind) {
        precondition(catalogue[name.name] != nil, "the metric \(name.name) does not stand in the catalogue")
        precondition(name.kind == kind, "the metric \(name.name) is a \(Self.type(of: name.kind))")
        precondition(name.labels.count == labels.count, "the metric \(name.name) has the labels \(name.labels)")
    }

    /// The catalogue's entry under a name that swift-metrics was asked for, and its labels in order.
    fileprivate func entry(_ label: String, _ dimensions: [(String, String)]) -> (MetricName, [String]) {
        guard let name = catalogue[label] else {
            preconditionFailure("the metric \(label) does not stand in the catalogue")
        }
        let given = Dictionary(dimensions) { $1 }
        return (name, name.labels.map { given[$0] ?? "" })
    }

    private static func type(of kind: MetricKind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private static func lines(_ name: MetricName, _ labels: [String], _ histogram: Histogram) -> String {
        guard case .histogram(let bounds) = name.kind else { return "" }
        var text = ""
        for (bound, count) in zip(bounds, histogram.counts) {
            text += "\(name.name)_bucket\(Self.labels(name.labels + ["le"], labels + [number(bound)])) \(count)\n"
        }
        text += "\(name.name)_bucket\(Self.labels(name.labels + ["le"], labels + ["+Inf"])) \(histogram.count)\n"
        text += "\(name.name)_sum\(Self.labels(name.labels, labels)) \(number(histogram.sum))\n"
        text += "\(name.name)_count\(Self.labels(name.labels, labels)) \(histogram.count)\n"
        return text
    }

    private static func labels(_ names: [String], _ values: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let pairs = zip(names, values).map { "\($0)=\"\(escaped($1).replacing("\"", with: "\\\""))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        value.rounded() == value && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    }
}

extension Duration {
    /// As seconds, for metrics.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

// MARK: swift-metrics

extension PrometheusRegistry: MetricsFactory {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let (name, labels) = entry(label, dimensions)
        return Handle(registry: self, name: name, labels: labels)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let (name, labels) = entry(label, dimensions)
        return Handle(registry: self, name: name, labels: labels)
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let (name, labels) = entry(label, dimensions)
        return Handle(registry: self, name: name, labels: labels)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let (name, labels) = entry(label, dimensions)
        return Handle(registry: self, name: name, labels: labels)
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}

/// One metric with its label values, as swift-metrics holds it.
private final class Handle: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
    let registry: PrometheusRegistry
    let name: MetricName
    let labels: [String]

    init(registry: PrometheusRegistry, name: MetricName, labels: [String]) {
        self.registry = registry
        self.name = name
        self.labels = labels
    }

    func increment(by amount: Int64) { registry.add(Double(amount), to: name, labels: labels) }
    func reset() {}
    func set(_ value: Int64) { registry.change(name, labels: labels) { _ in Double(value) } }
    func set(_ value: Double) { registry.change(name, labels: labels) { _ in value } }
    func increment(by amount: Double) { registry.change(name, labels: labels) { $0 + amount } }
    func decrement(by amount: Double) { registry.change(name, labels: labels) { $0 - amount } }
    func record(_ value: Int64) { registry.record(Double(value), in: name, labels: labels) }
    func record(_ value: Double) { registry.record(value, in: name, labels: labels) }
    func recordNanoseconds(_ duration: Int64) { registry.record(Double(duration) / 1e9, in: name, labels: labels) }
}
