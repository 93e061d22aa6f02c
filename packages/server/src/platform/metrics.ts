import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Label names with every value each may take. Closed, so an id or a raw path can never become a time series. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;
export type LabelsOf<L extends LabelValues> = { readonly [K in keyof L]: L[K][number] };

/**
 * The metrics of one app. Each app has its own registry: two apps in one process (tests) do not see each other's
 * numbers. Names are unique per registry; declaring one twice throws.
 */
export interface Metrics {
  /** A counter that shows 0 for every combination of labels from the start (contract registry-a2a B-79). */
  counter<const L extends LabelValues>(spec: MetricSpec<L>): { inc(labels: LabelsOf<L>, by?: number): void };
  /**
   * A counter that its owner keeps and that is read when scraped: for paths too hot to look labels up. The owner sees to
   * it that labels stay few and values never fall.
   */
  tally(spec: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    read(): Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>;
  }): void;
  /** A gauge that is read when scraped, so it can never be stale. */
  gauge<const L extends LabelValues>(spec: MetricSpec<L> & { read(labels: LabelsOf<L>): number }): void;
  /** Durations in seconds, in the buckets of the spec. */
  histogram<const L extends LabelValues>(
    spec: MetricSpec<L> & { buckets: readonly number[] },
  ): { observe(labels: LabelsOf<L>, seconds: number): void };
  /** The Prometheus text exposition and its content type. */
  scrape(): Promise<{ body: string; contentType: string }>;
}

export interface MetricSpec<L extends LabelValues> {
  readonly name: string;
  readonly help: string;
  readonly labels: L;
}

export function createMetrics(options: { processMetrics: boolean }): Metrics {
  const register = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register });

  return {
    counter(spec) {
      const counter = new Counter({ ...base(spec), registers: [register] });
      for (const labels of combinations(spec.labels)) counter.inc(labels, 0);
      return { inc: (labels, by = 1) => counter.inc(toRecord(labels), by) };
    },
    tally({ name, help, labelNames, read }) {
      new Counter({
        name,
        help,
        labelNames: [...labelNames],
        registers: [register],
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.inc(toRecord(labels), value);
        },
      });
    },
    gauge(spec) {
      new Gauge({
        ...base(spec),
        registers: [register],
        collect() {
          for (const labels of combinations(spec.labels)) this.set(toRecord(labels), spec.read(labels));
        },
      });
    },
    histogram(spec) {
      const histogram = new Histogram({ ...base(spec), buckets: [...spec.buckets], registers: [register] });
      for (const labels of combinations(spec.labels)) histogram.zero(toRecord(labels));
      return { observe: (labels, seconds) => histogram.observe(toRecord(labels), seconds) };
    },
    scrape: async () => ({ body: await register.metrics(), contentType: register.contentType }),
  };
}

function base(spec: MetricSpec<LabelValues>): { name: string; help: string; labelNames: string[] } {
  return { name: spec.name, help: spec.help, labelNames: Object.keys(spec.labels) };
}

function toRecord(labels: Readonly<Record<string, string>>): Record<string, string> {
  return { ...labels };
}

/** Every combination of label values; one empty combination when there are no labels. */
function combinations<L extends LabelValues>(labels: L): LabelsOf<L>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels)) {
    all = all.flatMap((partial) => values.map((value) => ({ ...partial, [name]: value })));
  }
  // Built from exactly the declared names and values, which TypeScript cannot follow through Object.entries.
  return all as LabelsOf<L>[];
}
