import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Case, KEY } from '../cases.ts';
import { createFolder } from '../temporary.ts';

export interface LoadOptions {
  readonly url: string;
  /** A file that `writeBodies` made. */
  readonly bodiesFile: string;
  readonly seconds: number;
  readonly connections: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers with another status than 2xx or 3xx, and connections that broke. */
  readonly failed: number;
}

// Seen from dist/load.
const SCRIPT = fileURLToPath(new URL('../../load/post.lua', import.meta.url));
const run = promisify(execFile);

/** Writes the bodies of a case to a file, one a line, behind the header with the key and its value. */
export function writeBodies({ requests }: Case): string {
  const file = join(createFolder(), 'bodies.jsonl');
  const lines = requests.map(({ body }) => `token\t${KEY}\t${body}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

/** Has wrk send the bodies as fast as they are answered: closed loop, one thread. */
export async function load({ url, bodiesFile, seconds, connections }: LoadOptions): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT];
  const { stdout } = await run('wrk', [...args, url, '--', bodiesFile]).catch((cause) => {
    throw new Error(`wrk cannot be run (${cause.code}). Install it: apt-get install wrk`, { cause });
  });
  const json = /^RESULT (.+)$/m.exec(stdout)?.[1];
  if (json === undefined) throw new Error(`wrk printed no result:\n${stdout}`);
  const { durationUs, ...result } = JSON.parse(json);
  return { ...result, seconds: durationUs / 1e6 };
}
