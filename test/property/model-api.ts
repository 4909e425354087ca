import type { ServerResponse } from 'node:http';
import type { Clock } from '../../src/base/clock.ts';
import { answerRateLimited, scriptIdOf, wireScript } from '../support/api/plain-api.ts';
import { json, type Recorded } from '../support/api/recorder.ts';

/** The ways that a request may end. */
export const FATES = [
  'answered',
  'refused',
  'ratelimited',
  'unavailable',
  'reset before',
  'reset after',
  'cut off',
  'never answered',
] as const;
type Fate = (typeof FATES)[number];

/** A fate for a request; when it arrives, is carried out, and how much later its answer is sent, in ms on the clock. */
export interface Lot {
  readonly fate: Fate;
  readonly wayMs: number;
  readonly workMs: number;
  readonly delayMs: number;
}

/**
 * A REST API with a version for each script. Each write makes the next version, and each read shows the version and the key
 * that wrote it. Requests draw lots in the order in which they are sent.
 */
export function createModelApi(clock: Clock, lots: readonly Lot[]) {
  const versions = new Map<string, number>();
  const arrivals: { readonly key: string; readonly at: number; readonly line: string }[] = [];
  /** The version that each write has made, by the name that it gives. */
  const made = new Map<string, number[]>();
  const versionOf = (id: string) => versions.get(id) ?? 0;

  const carryOut = (recorded: Recorded): object => {
    const id = scriptIdOf(recorded);
    if (recorded.line.startsWith('GET')) {
      const name = JSON.stringify([versionOf(id), recorded.headers.token]);
      return { success: true, script: wireScript(id, { name }) };
    }
    versions.set(id, versionOf(id) + 1);
    const { name } = JSON.parse(recorded.body) as { name: string };
    made.set(name, [...(made.get(name) ?? []), versionOf(id)]);
    return { success: true };
  };

  /** Does what the fate says at this moment, and gives what is then sent. */
  const meet = (fate: Fate, recorded: Recorded, response: ServerResponse): (() => void) => {
    const carriesOut = fate === 'answered' || fate === 'reset after' || fate === 'cut off';
    const body = carriesOut ? carryOut(recorded) : undefined;
    switch (fate) {
      case 'answered':
        return () => json(response, body);
      case 'refused':
        return () => json(response, REFUSAL);
      case 'ratelimited':
        return () => answerRateLimited(response);
      case 'unavailable':
        return () => void response.writeHead(503).end();
      case 'reset before':
      case 'reset after':
        return () => void recorded.socket.destroy();
      case 'cut off':
        return () => {
          response.writeHead(200, { 'content-length': 500 });
          response.write('{"success"', () => response.destroy());
        };
      case 'never answered':
        return () => undefined;
    }
  };
  const later = (ms: number, action: () => void) => {
    if (ms === 0) action();
    else clock.after(ms, action);
  };

  let received = 0;

  return {
    arrivals,
    made,
    answer(recorded: Recorded, response: ServerResponse): void {
      const { fate, wayMs, workMs, delayMs } = lots[received % lots.length] as Lot;
      received += 1;
      later(wayMs, () => {
        arrivals.push({ key: String(recorded.headers.token), at: clock.now(), line: recorded.line });
        later(workMs, () => later(delayMs, meet(fate, recorded, response)));
      });
    },
  };
}

const REFUSAL = { success: false, error: { code: -1, message: 'unauthorized or invalid request' } };
