import type { Observed, Pause } from './probe.ts';

/** The reason for most of an operation's latency. */
export type Cause = 'full collection' | 'young collection' | 'long turn' | 'no CPU' | 'late load' | 'outside';

export const CAUSES: readonly Cause[] = [
  'full collection',
  'young collection',
  'long turn',
  'no CPU',
  'late load',
  'outside',
];

interface Times {
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
}

/** The part of its latency from which on a pause explains it. */
const ENOUGH = 0.3;

/**
 * The first cause that explains an operation's latency: pauses of the subject within it, by their length. Turns count without the
 * collections in them, because a long turn holds those as well.
 */
export function causeOf(
  { due, sent, answered }: Times,
  { young, full, turns, unscheduled }: Observed,
): Cause {
  const enoughMs = (answered - due) * ENOUGH;
  const within = (pauses: readonly Pause[]) =>
    pauses.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, answered) - Math.max(from, due)), 0);
  const fullMs = within(full);
  const youngMs = within(young);
  if (fullMs >= enoughMs && fullMs >= youngMs) return 'full collection';
  if (youngMs >= enoughMs) return 'young collection';
  if (within(turns) - fullMs - youngMs >= enoughMs) return 'long turn';
  if (within(unscheduled) >= enoughMs) return 'no CPU';
  return sent - due >= enoughMs ? 'late load' : 'outside';
}
