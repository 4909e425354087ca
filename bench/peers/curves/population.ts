import { type Case, type Credential, oneScript } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import type { Served } from '../serve.ts';
import type { Subject } from '../subjects.ts';
import type { Curve } from './curve.ts';
import { cpuPerAnswer, failuresOf, measureOf, measurePoints, requestsPerSecond } from './measured-points.ts';

const CONNECTIONS = 64;

export interface Population {
  readonly name: string;
  readonly title: string;
  readonly items: string;
  readonly counts: readonly number[];
  readonly kindOf: (count: number) => Case;
  readonly gatewayOf: (count: number) => Subject;
  /** Measured on the same requests, for what the machine does with them. */
  readonly beside?: Subject;
  readonly prepare?: (served: Served, kind: Case) => Promise<void>;
  readonly note: string;
}

/** Measures an operation while the gateway knows more and more of something that each operation has one of. */
export async function measurePopulation(population: Population, options: RoundOptions): Promise<Curve> {
  const { counts, kindOf, gatewayOf, beside, prepare } = population;
  const points = counts.flatMap((items) => {
    const common = { items, kind: kindOf(items), connections: CONNECTIONS };
    const ours = { ...common, subject: gatewayOf(items), isOurs: true };
    const prepared = prepare ? { ...ours, prepare: (served: Served) => prepare(served, common.kind) } : ours;
    return beside ? [prepared, { ...common, subject: beside, isOurs: false }] : [prepared];
  });
  const measured = await measurePoints(points, options);
  const part = (isOurs: boolean) => measured.filter((_, index) => points[index]?.isOurs === isOurs);
  const of = beside ? { gateway: part(true), floor: part(false) } : measured;
  const { name, title, items, note } = population;
  const memory = { label: 'resident memory MB', role: 'cost', of } as const;
  return {
    ...{ name, title, items },
    measures: [
      cpuPerAnswer(of),
      measureOf({ ...memory, pick: ({ residentMb }) => residentMb }),
      requestsPerSecond(of),
    ],
    notes: [`${note} ${CONNECTIONS} connections.`],
    failures: failuresOf(measured),
  };
}

/** Reads of one script, each with the credential of the next caller. */
export function oneScriptFrom(count: number, credentialOf: (caller: number) => Credential): Case {
  const { title, requests } = oneScript();
  const all = Array.from({ length: Math.max(count, requests.length) }, (_, index) => {
    const { body, answer } = requests[index % requests.length] as (typeof requests)[number];
    return { body, answer, credential: credentialOf(index % count) };
  });
  return { title: `${title}, ${count} callers`, requests: all };
}
