import type { Case } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { mercurius, ofTheGateway } from '../subjects.ts';
import type { Curve } from './curve.ts';
import {
  callsPerAnswer,
  cpuPerAnswer,
  failuresOf,
  measurePoints,
  requestsPerSecond,
} from './measured-points.ts';

/** Few, so that what wrk gives up at the end of a round is little beside what was answered. */
const CONNECTIONS = 8;

export interface LargerOperations {
  /** The name of the curve, and of its items. */
  readonly name: string;
  readonly title: string;
  readonly sizes: readonly { readonly items: number; readonly kind: Case }[];
  /** Limits of the gateway that the largest would be over. */
  readonly limits: Readonly<Record<string, string>>;
  readonly note: string;
}

/** Measures what an operation costs that asks for more and more, beside Mercurius. */
export async function measureLargerOperations(
  { name, title, sizes, limits, note }: LargerOperations,
  options: RoundOptions,
): Promise<Curve> {
  const subject = ofTheGateway('this gateway', limits);
  const points = sizes.flatMap((size) =>
    [subject, mercurius].map((one) => ({ ...size, subject: one, connections: CONNECTIONS })),
  );
  const measured = await measurePoints(points, options);
  const of = {
    gateway: measured.filter(({ row }) => row.subject === subject),
    Mercurius: measured.filter(({ row }) => row.subject === mercurius),
  };
  return {
    name,
    title,
    items: name,
    measures: [cpuPerAnswer(of), requestsPerSecond(of), callsPerAnswer(of)],
    notes: [`${note} ${CONNECTIONS} connections.`],
    failures: failuresOf(measured),
  };
}
