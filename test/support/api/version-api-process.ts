import { setTimeout as delay } from 'node:timers/promises';
import { createSeeded } from '../random/seeded.ts';
import { scriptIdOf, wireScript } from './plain-api.ts';
import { json, type Recorded, startRecorder } from './recorder.ts';
import { watchStalls } from './uncertainty.ts';

/**
 * A REST API in its own process with a version for each script. Each write makes the next version, and each read shows it.
 * Writes take up to 300 ms, and some requests fail in every possible way. It reports arrivals and versions by IPC.
 */
const random = createSeeded(process.argv[2] ?? '');
const versions = new Map<string, number>();
const uncertaintyMs = watchStalls();
const arrivals: { readonly line: string; readonly at: number; readonly uncertainMs: number }[] = [];
const versionOf = (id: string) => versions.get(id) ?? 0;

const { url } = await startRecorder(async (recorded, response) => {
  const isWrite = recorded.line.startsWith('POST');
  const workMs = isWrite ? random.below(300) : random.below(20);
  const fate = random.below(100);
  arrivals.push({ line: recorded.line, at: recorded.at, uncertainMs: uncertaintyMs() });
  await delay(workMs / 2);
  if (fate === 0) return void response.writeHead(503).end();
  if (fate === 1 && !isWrite) return void recorded.socket.destroy();
  if (isWrite && fate < 6) return json(response, REFUSAL);
  const body = carryOut(recorded, isWrite);
  await delay(workMs / 2);
  if (isWrite && fate < 8) return void recorded.socket.destroy();
  json(response, body);
});

const REFUSAL = { success: false, error: { code: -1, message: 'unauthorized or invalid request' } };

function carryOut(recorded: Pick<Recorded, 'line'>, isWrite: boolean): object {
  const id = scriptIdOf(recorded);
  if (!isWrite) return { success: true, script: wireScript(id, { name: String(versionOf(id)) }) };
  versions.set(id, versionOf(id) + 1);
  return { success: true };
}

process.on('message', ({ id, script }: { id: number; script?: string }) =>
  process.send?.({ id, answer: script === undefined ? arrivals : versionOf(script) }),
);
process.on('disconnect', () => process.exit(0));
process.send?.(url);
