import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findDocuments, type Step, stepsOf } from '../test/support/repository/documentation.ts';
import {
  build,
  createReader,
  endGroup,
  gateway,
  type Place,
  sandbox,
  spawnBash,
  terminal,
} from '../test/support/repository/reader.ts';
import { pathOf, textOf } from '../test/support/repository/repository.ts';

/**
 * `npm run walk` follows the README and each page of docs/ in a fresh clone of the last commit, like a newcomer. It has
 * Node and the programs of the system, but no variable or folder of ours. Takes the ports 4000 and 4001. Leaves out pages
 * that need Redis if nothing listens on port 6379. Arguments: the only pages to follow.
 */
const SET_UP = 'docs/set-up.md';
const REDIS = 'redis://127.0.0.1:6379';

const folder = mkdtempSync(join(tmpdir(), 'luaauth-graphql-walk-'));
const clone = join(folder, 'clone');
const failures: string[] = [];
let steps = 0;
try {
  for (const port of [4000, 4001])
    if (await isTaken(port)) throw new Error(`Port ${port} is taken. Stop what listens there.`);
  execFileSync('git', ['clone', '--quiet', pathOf(''), clone]);
  await run(build);
  const pages = process.argv.length > 2 ? process.argv.slice(2) : ['README.md', ...findDocuments('docs/')];
  for (const page of pages.filter((one) => stepsOf(one).length > 0)) {
    const isLeftOut = textOf(page).includes(REDIS) && !(await isTaken(6379));
    console.log(isLeftOut ? `${page}: left out, as no Redis listens on port 6379` : page);
    if (!isLeftOut) await follow(page);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${steps} blocks, ${failures.length} of which do something else than the page says`);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;

async function follow(page: string): Promise<void> {
  const reader = createReader(page === 'README.md' ? inClone() : await beforeSandbox());
  try {
    for (const step of stepsOf(page).slice(skippedIn(page))) {
      steps += 1;
      const output = await reader.follow(step);
      if (!isAsShown(step, output)) failures.push(`${step.title}: ${step.text}\n--> ${output}`);
    }
  } finally {
    await reader.leave();
  }
}

/** The blocks of the README's start clone, build and test, and the set-up has run its own blocks up to the last. */
function skippedIn(page: string): number {
  if (page === SET_UP) return -1;
  const isStart = ({ blocks }: Step) => page === 'README.md' && blocks[0]?.heading === 'Start';
  return stepsOf(page).filter(isStart).length;
}

function isAsShown({ expected }: Step, output: string): boolean {
  if (expected?.language !== 'json') return output.trimEnd() === (expected?.text ?? '');
  try {
    return isDeepStrictEqual(JSON.parse(output), JSON.parse(expected.text));
  } catch {
    return false;
  }
}

/** The place of a reader of the README: the gateway runs its own sandbox. */
function inClone(): Place {
  return placeWith('', 'npm start', async () => undefined);
}

/** The place of a reader of the other pages: a new sandbox, and an empty folder for files. */
async function beforeSandbox(): Promise<Place> {
  const running = await serve(`${terminal}\n${sandbox}`);
  return placeWith(terminal, gateway, async () => {
    await endGroup(running);
    rmSync(join(clone, 'try'), { recursive: true });
  });
}

function placeWith(begin: string, start: string, close: Place['close']): Place {
  return {
    clone,
    terminal: begin,
    localize: (text) => text,
    globalize: (text) => text,
    async startGateway() {
      const running = await serve(`${begin}\n${start}`);
      return { url: 'http://127.0.0.1:4000', close: () => endGroup(running) };
    },
    close,
  };
}

/** Runs commands until they print where they serve. */
function serve(script: string): Promise<ChildProcess> {
  const child = spawnBash(script, clone);
  return new Promise((resolve, reject) => {
    let output = '';
    const onText = (chunk: Buffer) => {
      output += chunk;
      if (/http:\/\/127\.0\.0\.1:400\d/.test(output)) resolve(child);
    };
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
    child.once('close', () => reject(new Error(`It has ended: ${script}\n${output}`)));
  });
}

async function run(script: string): Promise<void> {
  const child = spawnBash(script, clone);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stderr, { end: false });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`Exit code ${code}: ${script}`);
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
