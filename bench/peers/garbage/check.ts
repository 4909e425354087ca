import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparedCases } from '../cases.ts';
import { median, number, table } from '../figures.ts';
import { writeBodies } from '../load/wrk.ts';
import { gatewayWithLog, type Subject } from '../subjects.ts';
import { measureSurvivors, type SurvivorOptions } from './survivors.ts';

/**
 * The bounds of the cases, in kB. Survivors are copied twice, then stay until a full collection. A part of each larger operation
 * is under way when the young collection comes, and survives. The bounds are the largest values that a busy machine has
 * shown (2.8, 43 and 8), and at least a half of them.
 */
const MOST_KB = [6, 64, 12];

export interface GarbageOptions extends Omit<SurvivorOptions, 'bodiesFile'> {
  /** How many processes of each subject are measured in each case: what V8 learns differs from one to the next. */
  readonly starts: number;
  /** How many of the cases, from the first. */
  readonly cases: number;
  /** Measured beside the gateway, without a bound. */
  readonly peers: readonly Subject[];
  /** A folder for the profiles. */
  readonly profiles: string | undefined;
  readonly onProgress: (line: string) => void;
}

/** Bytes of an operation that survive. @returns what is wrong, undefined when all is well. */
export async function checkGarbage(options: GarbageOptions): Promise<string | undefined> {
  const { starts, cases, peers, profiles, onProgress, ...round } = options;
  const rows: string[][] = [];
  const kinds = comparedCases().slice(0, cases);
  if (!(starts * kinds.length >= 1)) throw new Error('--starts and --cases are whole numbers from 1.');
  let over = 0;
  for (const [index, kind] of kinds.entries()) {
    const mostKb = MOST_KB[index] as number;
    const bodiesFile = writeBodies(kind);
    const measured = [gatewayWithLog, ...peers].map((subject) => ({ subject, bytes: [] as number[] }));
    for (let start = 1; start <= starts; start++) {
      for (const { subject, bytes } of measured) {
        onProgress(`${kind.title}: ${subject.name}, start ${start} of ${starts}`);
        const survivors = await measureSurvivors(subject, kind, { ...round, bodiesFile });
        bytes.push(survivors.bytes);
        if (profiles) writeProfile(profiles, `${kind.title} ${subject.name} ${start}`, survivors.profile);
      }
    }
    for (const { subject, bytes } of measured) {
      const tooMany = bytes.filter((one) => one / 1_000 > mostKb).length;
      const verdict = tooMany === 0 ? 'yes' : `no: ${tooMany} of ${starts}`;
      if (subject === gatewayWithLog) over += tooMany;
      rows.push([
        kind.title,
        subject.name,
        bytes.map(inKb).join(', '),
        inKb(median(bytes)),
        subject === gatewayWithLog ? String(mostKb) : '',
        subject === gatewayWithLog ? verdict : '',
      ]);
    }
  }
  const head = ['asked for', 'subject', 'kB an operation, each start', 'median', 'at most', 'kept'];
  console.log(table(head, rows));
  if (over === 0) return undefined;
  return `More of an operation survives the young collection than it may in ${over} of ${starts * kinds.length} starts of the gateway. See with bench -- --garbage --profiles where it comes from.`;
}

function inKb(bytes: number): string {
  return number(bytes / 1_000, 2);
}

/** Chrome's DevTools open such a file, in the tab Memory. */
function writeProfile(folder: string, title: string, profile: object): void {
  mkdirSync(folder, { recursive: true });
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  writeFileSync(join(folder, `${name}.heapprofile`), JSON.stringify(profile));
}
