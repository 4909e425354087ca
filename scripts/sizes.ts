/**
 * `npx tsx scripts/sizes.ts`, after `npm run build`, reports how heavy the project is: the lines of each folder, and our files and functions on the way of an
 * operation, as V8 counts them in the built product. With `-- --functions` it lists these functions by layer, with the calls
 * of one warm operation. The figures are a report and no limit, so that a good name costs nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
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
type Method = 'POST' | 'GET';

interface Step {
  readonly file: string;
  readonly name: string;
  readonly calls: number;
}

const ROOT = new URL('../', import.meta.url);
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
printFolders();
for (const [name, steps] of Object.entries(ways)) print(name, steps, process.argv.includes('--functions'));
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
    .filter(({ calls }) => calls >= 0.9);
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

function print(title: string, steps: readonly Step[], withFunctions: boolean): void {
  const { files, functions, calls } = sumOf(steps);
  console.log(`${title}: ${files} files, ${functions} functions, ${calls} calls of them`);
  if (!withFunctions) return;
  const layerOf = ({ file }: Step) =>
    (LAYERS.indexOf(file.split('/')[0] ?? '') + LAYERS.length + 1) % (LAYERS.length + 1);
  const inOrder = [...steps].sort((a, b) => layerOf(a) - layerOf(b) || a.file.localeCompare(b.file));
  for (const { file, name, calls: each } of inOrder)
    console.log(`  ${String(Math.round(each)).padStart(4)}  ${file.padEnd(44)} ${name}`);
}

/** Prints the lines of each folder of the source, with and without comments and blank lines, and of the tests. */
function printFolders(): void {
  const folders = [
    ...foldersIn('src').filter((folder) => folder !== 'src/features'),
    ...foldersIn('src/features'),
  ];
  for (const folder of [...folders, 'src', 'test']) {
    const files = sourcesIn(folder);
    const lines = files.reduce((sum, text) => sum + text.split('\n').length - 1, 0);
    const code = files.reduce((sum, text) => sum + codeLinesOf(text), 0);
    console.log(
      `${folder.padEnd(28)} ${String(lines).padStart(6)} lines, ${String(code).padStart(6)} of code`,
    );
  }
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
}

/** The texts of the source files below a folder, without packages that are installed there. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:tsx?|mjs|css)$/.test(file) && !file.includes('node_modules'))
    .map((file) => readFileSync(new URL(`${folder}/${file}`, ROOT), 'utf8'));
}

function codeLinesOf(text: string): number {
  const withoutBlocks = text.replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '');
  return withoutBlocks.split('\n').filter((line) => !/^\s*(?:\/\/.*)?$/.test(line)).length;
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
