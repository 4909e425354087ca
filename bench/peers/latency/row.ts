import type { Subject } from '../subjects.ts';
import type { LatencySample } from './measure.ts';

/** A rate for all, or a part of each subject's own capacity. */
export type Level = { readonly rate: number } | { readonly share: number };

export interface LatencyRow {
  readonly subject: Subject;
  readonly level: Level;
  /** One for each round in which the subject could answer so much. */
  readonly samples: LatencySample[];
  readonly rates: number[];
}
