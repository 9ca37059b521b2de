import Foundation
import Metrics
import Testing

@testable import DaemonKit

@Suite("Metrics")
struct PrometheusRegistryTests {
    private let records = MetricName(
        "t_records_total", .counter, ["kind", "outcome"], help: "Records\nby \"verdict\".")
    private let queued = MetricName("t_queued", .gauge, help: "Waiting.")
    private let seconds = MetricName("t_seconds", .histogram(bounds: [0.1, 1]), ["step"], help: "Time.")

    @Test("counters, gauges and histograms are rendered as Prometheus reads them")
    func text() {
        let registry = PrometheusRegistry(catalogue: [records, queued, seconds])
        registry.increment(records, by: 2, "cdr", "accepted")
        registry.increment(records, "cdr", "accepted")
        registry.increment(records, "mdr", #"bad "\"#)
        registry.set(queued, to: 7)
        registry.observe(seconds, 0.05, "store")
        registry.observe(seconds, Duration.milliseconds(500), "store")
        registry.observe(seconds, 3.0, "store")
        #expect(
            registry.render() == #"""
                # HELP t_queued Waiting.
                # TYPE t_queued gauge
                t_queued 7
                # HELP t_records_total Records\nby "verdict".
                # TYPE t_records_total counter
                t_records_total{kind="cdr",outcome="accepted"} 3
                t_records_total{kind="mdr",outcome="bad \"\\"} 1
                # HELP t_seconds Time.
                # TYPE t_seconds histogram
                t_seconds_bucket{step="store",le="0.1"} 1
                t_seconds_bucket{step="store",le="1"} 2
                t_seconds_bucket{step="store",le="+Inf"} 3
                t_seconds_sum{step="store"} 3.55
                t_seconds_count{step="store"} 3

                """#)
    }

    @Test("libraries that use swift-metrics write into the same registry")
    func factory() {
        let registry = PrometheusRegistry(catalogue: [records, queued, seconds])
        Counter(label: "t_records_total", dimensions: [("outcome", "rejected"), ("kind", "api")], factory: registry)
            .increment(by: 4)
        #expect(registry.value(records, "api", "rejected") == 4)
    }

    @Test("every metric of the catalogue has a well-formed name, help, and a suffix that fits its kind")
    func catalogue() {
        for metric in MetricNames.all {
            #expect(metric.name.wholeMatch(of: /warp_[a-z]+(_[a-z]+)+/) != nil, "\(metric.name)")
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            #expect(!metric.labels.contains { ["ban", "customer", "customer_id"].contains($0) }, "\(metric.name)")
        }
        #expect(Set(MetricNames.all.map(\.name)).count == MetricNames.all.count)
    }
}
