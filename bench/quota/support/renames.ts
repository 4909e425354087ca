import { setTimeout as delay } from 'node:timers/promises';
import type { GraphAnswer } from './client.ts';
import { readBody } from './operations.ts';
import { KEY_OF_RENAMES, scriptId } from './scripts.ts';
import { createVersions } from './versions.ts';

const READS = 20;
const READ_EVERY_MS = 50;

/** Sends the JSON of an operation to a gateway. */
export type Send = (url: string, body: string, token: string) => Promise<GraphAnswer>;

/** A script that is renamed through the first gateway, and read at all gateways. */
export function createRenames(urls: readonly string[], send: Send, signal: AbortSignal) {
  const versions = createVersions(1);
  let [reads, renames, others] = [0, 0, 0];
  const readAt = async (url: string) => {
    for (let count = 0; count < READS && !signal.aborted; count += 1) {
      const check = versions.expect(0);
      const answer = await send(url, readBody(scriptId(0)), KEY_OF_RENAMES);
      if (answer.data?.script) {
        reads += 1;
        check(answer);
      }
      await delay(READ_EVERY_MS);
    }
  };
  /** A read of a script that was not read before says whether Redis is lost. */
  const isCoordinated = async (url: string) => {
    others += 1;
    const { data, extensions } = await send(url, readBody(scriptId(others)), KEY_OF_RENAMES);
    return Boolean(data?.script) && extensions?.upstream?.coordination !== 'lost';
  };
  return {
    /** Reads the script for a second at all gateways. */
    read: () => Promise.all(urls.map(readAt)),
    async rename(): Promise<void> {
      const { body, end } = versions.rename(0);
      const answer = await send(urls[0] ?? '', body, KEY_OF_RENAMES);
      const isRenamed = Boolean(answer.data?.editScript);
      end(isRenamed ? answer : undefined);
      if (isRenamed) renames += 1;
    },
    /** Waits until all gateways use Redis. */
    async whenCoordinated(): Promise<void> {
      for (const url of urls)
        while (!signal.aborted && !(await isCoordinated(url))) await delay(READ_EVERY_MS);
    },
    /** Says how many reads showed a name from before a rename that was answered, without a mark. */
    summary: () => `${versions.staleReads()} of ${reads}, ${renames} renames`,
  };
}
