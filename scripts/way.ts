/**
 * `npm run way` counts the functions of the built product on the way of an operation, with V8's counters. It lists our
 * files and functions by layer, with the calls of one warm operation. `-- --json` prints only the sums, for the test of the
 * budget.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { Session } from 'node:inspector/promises';
import { listen } from '../test/support/network/listen.ts';

const SCRIPT = 'query Script($id: ID!) { script(id: $id) { id name enabled totalExecutions } }';
const NESTED =
  'query Nested($id: ID!) { script(id: $id) { name sessions(first: 10) { nodes { id robloxId script { id name } } } } }';
const LAYERS = 'server http operation plan execution callers schema luaauth transport state'.split(' ');
/** So many operations before it is counted: whatever is made once is made then. */
const WARM = 200;
const COUNTED = 50;
/** Runs only after operations that took longer than a slice of time, as on a busy machine. */
const BETWEEN_SLICES = 'operation/time-slices.ts between';

type Method = 'POST' | 'GET';

interface Step {
  readonly file: string;
  readonly name: string;
  readonly calls: number;
}

const MODULE = '\n// src/';
const texts = new Map<string, string>();

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const dist = new URL('../dist/', import.meta.url).href;
const { createGateway, createTransport } = await import(`${dist}index.js`);

const api = await listen(
  createServer((request, response) => {
    const [, , id = '', list] = (request.url ?? '').split('/');
    request.resume();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answerOf(id, list)));
  }),
);
const transport = createTransport({ url: new URL('/', api.url), rate: 100_000, totalRate: 100_000 });
const gateway = createGateway({ transport });
const served = await listen(createServer(gateway));

const ways = {
  script: await wayOf('POST', SCRIPT),
  scriptByGet: await wayOf('GET', SCRIPT),
  nested: await wayOf('POST', NESTED),
};
if (process.argv.includes('--json')) {
  const sums = Object.entries(ways).map(([name, steps]) => [name, sumOf(steps)]);
  console.log(JSON.stringify(Object.fromEntries(sums)));
} else {
  for (const [name, steps] of Object.entries(ways)) print(name, steps);
}
for (const { close } of [served, api]) await close();
await transport.close();

/** Each function of ours that every operation calls. */
async function wayOf(method: Method, query: string): Promise<readonly Step[]> {
  let count = 0;
  // Another script each time: what the cache answers has a shorter way.
  const operations = async (many: number) => {
    for (let done = 0; done < many; done++) await ask(method, query, `${method}-${query.length}-${count++}`);
  };
  await operations(WARM);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await operations(COUNTED);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  return result
    .filter(({ url }) => url.startsWith(dist))
    .flatMap(({ url, functions }) =>
      functions.map(({ functionName, ranges }) => ({
        file: moduleAt(url, ranges[0]?.startOffset ?? 0),
        name: functionName || '(anonymous)',
        calls: (ranges[0]?.count ?? 0) / COUNTED,
      })),
    )
    .filter(({ calls, file, name }) => calls >= 0.9 && `${file} ${name}` !== BETWEEN_SLICES);
}

/** The module of `src/` at a place in a built file: the bundler writes a line with the path above each module. */
function moduleAt(url: string, offset: number): string {
  const before = textOf(url).slice(0, offset);
  return /^\S*/.exec(before.slice(before.lastIndexOf(MODULE) + MODULE.length))?.[0] ?? '';
}

function textOf(url: string): string {
  const text = texts.get(url) ?? readFileSync(new URL(url), 'utf8');
  texts.set(url, text);
  return text;
}

function sumOf(steps: readonly Step[]) {
  return {
    files: new Set(steps.map(({ file }) => file)).size,
    functions: steps.length,
    calls: Math.round(steps.reduce((sum, { calls }) => sum + calls, 0)),
  };
}

function print(title: string, steps: readonly Step[]): void {
  const { files, functions, calls } = sumOf(steps);
  console.log(`${title}: ${files} files, ${functions} functions, ${calls} calls of them`);
  const layerOf = ({ file }: Step) =>
    (LAYERS.indexOf(file.split('/')[0] ?? '') + LAYERS.length + 1) % (LAYERS.length + 1);
  const inOrder = [...steps].sort((a, b) => layerOf(a) - layerOf(b) || a.file.localeCompare(b.file));
  for (const { file, name, calls: each } of inOrder)
    console.log(`  ${String(Math.round(each)).padStart(4)}  ${file.padEnd(44)} ${name}`);
}

function answerOf(id: string, list: string | undefined): object {
  const script = { id, project_id: 'p', name: `Script ${id}`, enabled: true, total_executions: 341_299_811 };
  if (list === undefined) return { success: true, script };
  const sessions = Array.from({ length: 10 }, (_one, index) => ({
    id: `${id}-${index}`,
    script_id: id,
    user_key: '67c3beef0000000000000000',
    roblox_id: 10_234_711_811 + index,
    place_id: 606_849_621,
    job_id: 'j',
    created_at: 1_770_624_500_000 + index,
  }));
  return { success: true, sessions };
}

function ask(method: Method, query: string, id: string): Promise<void> {
  const isPost = method === 'POST';
  const variables = { id };
  const body = isPost ? JSON.stringify({ query, variables }) : undefined;
  const search = isPost ? '' : `?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`;
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${served.url}/graphql${search}`, {
      agent,
      method,
      headers: { ...(isPost && { 'content-type': 'application/json' }), token: 'key' },
    });
    sent.once('error', reject).once('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      if (text.includes('"errors"')) reject(new Error(text));
      else resolve();
    });
    sent.end(body);
  });
}
