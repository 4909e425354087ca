import { AggregatorRegistry } from 'prom-client';

/** What a process has counted, as JSON. */
export type Counts = readonly object[];

/** What several processes have counted together, as Prometheus reads it. */
export function textOf(all: readonly Counts[]): Promise<string> {
  return AggregatorRegistry.aggregate(all.map(withoutQuantiles)).metrics();
}

/** Quantiles of several processes make no quantile of all; counts, sums and buckets add up. */
function withoutQuantiles(counts: Counts): Counts {
  return counts.map((metric) => {
    const { type, values } = metric as { type: string; values: readonly { labels: object }[] };
    if (type !== 'summary') return metric;
    return { ...metric, values: values.filter(({ labels }) => !('quantile' in labels)) };
  });
}
