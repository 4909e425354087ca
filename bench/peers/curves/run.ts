import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoundOptions } from '../contest.ts';
import { measureAccounts } from './accounts.ts';
import { measureCache } from './cache.ts';
import { measureConnections } from './connections.ts';
import type { Curve } from './curve.ts';
import { measureDocuments } from './documents.ts';
import { drawCurve } from './draw.ts';
import { measureFields } from './fields.ts';
import { measureGatewayKeys } from './gateway-keys.ts';
import { measureGateways } from './gateways.ts';
import { measureFollowedScripts, measureSubscribers } from './live.ts';
import { measureProcesses } from './processes.ts';
import { reportCurve } from './report-curve.ts';
import { measureSessions } from './sessions.ts';

const CURVES: Readonly<Record<string, (options: RoundOptions) => Promise<Curve>>> = {
  fields: measureFields,
  sessions: measureSessions,
  connections: measureConnections,
  cache: measureCache,
  accounts: measureAccounts,
  'gateway-keys': measureGatewayKeys,
  documents: measureDocuments,
  subscribers: measureSubscribers,
  'followed-scripts': measureFollowedScripts,
  processes: measureProcesses,
  gateways: measureGateways,
};

export const CURVE_NAMES = Object.keys(CURVES);

export interface CurvesOptions extends RoundOptions {
  /** Which curves. */
  readonly only: readonly string[];
  /** A folder for the drawings. */
  readonly folder: string;
  readonly print: (text: string) => void;
}

/** Measures, prints and draws curves. @returns what is wrong, undefined when all is well. */
export async function runCurves(options: CurvesOptions): Promise<string | undefined> {
  const { only, folder, print, ...round } = options;
  const unknown = only.filter((name) => !Object.hasOwn(CURVES, name));
  if (unknown.length > 0) return `--only: ${unknown.join(', ')} is none of ${CURVE_NAMES.join(', ')}.`;
  let failures = 0;
  mkdirSync(folder, { recursive: true });
  for (const name of only) {
    try {
      const curve = await (CURVES[name] as (typeof CURVES)[string])(round);
      print(reportCurve(curve));
      const drawing = drawCurve(curve);
      if (drawing !== undefined) writeFileSync(join(folder, `${curve.name}.svg`), drawing);
      failures += curve.failures.length;
    } catch (error) {
      // The other curves are worth having all the same, such as without Redis.
      print(`### ${name}\n\nDoes not count: ${error instanceof Error ? error.message : error}`);
      failures += 1;
    }
  }
  return failures > 0 ? `${failures} curves or points do not count: see above.` : undefined;
}
