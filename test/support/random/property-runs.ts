/**
 * How often a property is tried. `npm run fuzz` tries others, and many more: FUZZ_RUNS says how many, FUZZ_SEED which. The
 * short suite keeps to FUZZ_RUNS_MAX.
 */
export function propertyRuns(usual: number): number {
  return Number(process.env.FUZZ_RUNS ?? Math.min(usual, Number(process.env.FUZZ_RUNS_MAX ?? usual)));
}

/** The seed of a property. It stays the same, so that failures are reproducible. */
export function propertySeed(usual: number): number {
  return Number(process.env.FUZZ_SEED ?? usual);
}
