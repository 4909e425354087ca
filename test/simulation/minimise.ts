import type { Defect } from './gateway.ts';
import type { Plan } from './plan.ts';
import { type Outcome, play } from './world.ts';

/** How many histories are tried at most. */
const MAX_TRIES = 150;

interface Minimised {
  readonly plan: Plan;
  readonly outcome: Outcome;
}

/** Drops faults and callers for as long as the same promise is broken. */
export async function minimise(plan: Plan, outcome: Outcome, defect?: Defect): Promise<Minimised> {
  const rule = outcome.violation?.rule;
  let least: Minimised = { plan, outcome };
  let tries = 0;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (tries === MAX_TRIES) return false;
    tries += 1;
    const found = await play(smaller, { defect });
    if (found.violation?.rule !== rule) return false;
    least = { plan: smaller, outcome: found };
    return true;
  };
  const until = (outcome.violation?.at ?? 0) + 1;
  await attempt({ ...plan, faults: plan.faults.filter(({ at }) => at < until) });
  for (const part of ['faults', 'callers', 'followers'] as const) {
    // Halves first, then smaller pieces.
    for (
      let size = Math.ceil(least.plan[part].length / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let from = 0; from < least.plan[part].length; ) {
        const rest = least.plan[part].filter((_one, index) => index < from || index >= from + size);
        if (!(await attempt({ ...least.plan, [part]: rest }))) from += size;
      }
    }
  }
  return least;
}
