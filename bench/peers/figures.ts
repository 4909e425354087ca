/** The middle one; between the two in the middle when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Median and range, such as `5,800 (5,610 to 5,912)`. */
export function spread(values: readonly number[], digits = 0): string {
  const least = number(Math.min(...values), digits);
  const most = number(Math.max(...values), digits);
  return `${number(median(values), digits)} (${least} to ${most})`;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** How two subjects compare round by round. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
}

/** By how much the same subject may differ from round to round before its machine is too restless to judge by. */
const RESTLESS_FROM = 1.25;

/** Why figures of a subject that always does the same tell little; undefined: they tell. */
export function restlessness(values: readonly number[]): string | undefined {
  const factor = Math.max(...values) / Math.min(...values);
  if (factor <= RESTLESS_FROM) return undefined;
  return `The machine was too restless to judge by throughput: the floor varied by a factor of ${number(factor, 2)} between rounds (at most ${RESTLESS_FROM}).`;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
