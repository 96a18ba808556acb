// The one module of prom-client that is loaded: its registry, which writes the format. The whole package would load 85
// more at the first scrape, OpenTelemetry among them. Its own types say nothing of what it takes for a metric.

declare module 'prom-client/lib/registry.js' {
  interface Drawn {
    readonly name: string
    get(): Promise<object>
  }

  export default class Registry {
    readonly contentType: string
    registerMetric(metric: Drawn): void
    getSingleMetricAsString(name: string): Promise<string>
  }
}
