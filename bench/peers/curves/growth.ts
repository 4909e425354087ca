import { number } from '../figures.ts';
import { type Curve, nameOf, type Point } from './curve.ts';

/** A cost that grows so much faster than the items may do so by chance. */
const TOLERANCE = 1.15;

/** From one point to the next. */
export interface Step {
  readonly from: number;
  readonly to: number;
  readonly itemRatio: number;
  readonly costRatio: number;
}

export function stepsOf(points: readonly Point[]): Step[] {
  return points.slice(1).map((next, index) => {
    const before = points[index] as Point;
    return {
      from: before.items,
      to: next.items,
      itemRatio: next.items / before.items,
      costRatio: next.value / before.value,
    };
  });
}

export function isSteeperThanLinear({ itemRatio, costRatio }: Step): boolean {
  return costRatio > itemRatio * TOLERANCE;
}

/** Whether any cost grows faster than the items anywhere; if none does, which comes closest. */
export function describeGrowth({ items, measures }: Curve): string {
  const steps = measures
    .filter(({ role }) => role === 'cost')
    .flatMap((measure) =>
      measure.series.flatMap((series) =>
        stepsOf(series.points).map((step) => ({ step, name: nameOf(measure, series) })),
      ),
    )
    .sort((a, b) => b.step.costRatio / b.step.itemRatio - a.step.costRatio / a.step.itemRatio);
  const describe = ({ step, name }: (typeof steps)[number]) =>
    `${name} ${number(step.costRatio, 2)} times from ${number(step.from)} to ${number(step.to)} ${items} (${number(step.itemRatio, 1)} times)`;
  const [closest] = steps;
  if (closest === undefined) return 'Steeper than linear: unknown, points are missing.';
  const steep = steps.filter(({ step }) => isSteeperThanLinear(step));
  if (steep.length > 0) return `Steeper than linear: **yes**. ${steep.map(describe).join('; ')}.`;
  return `Steeper than linear: no. Closest: ${describe(closest)}.`;
}
