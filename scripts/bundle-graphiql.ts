import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'dist/page');
const ENTRY = 'src/features/graphiql/browser/start.tsx';
const TABS = 'src/features/graphiql/tabs';
const INPUTS = ['src/features/graphiql/browser', TABS, 'scripts/bundle-graphiql.ts'];
/** The packages that npm has installed, with versions. */
const INSTALLED = 'node_modules/.package-lock.json';

/** Makes the files of the GraphiQL page in dist/page, unless they are made of what is here. */
export async function bundleGraphiQL(): Promise<void> {
  const madeOf = hashOfInputs();
  const description = join(PAGE, 'page.json');
  if (existsSync(description) && JSON.parse(readFileSync(description, 'utf8')).madeOf === madeOf) return;
  const files = await inProduction(bundle);
  // A running gateway finds either the previous page or the new page, complete.
  const folder = `${PAGE}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  const named = (pattern: RegExp) => files.map(([name]) => name).find((name) => pattern.test(name));
  const documents = readTabDocuments();
  const page = { madeOf, script: named(/^start-.*\.js$/), style: named(/\.css$/), documents };
  writeFileSync(join(folder, 'page.json'), `${JSON.stringify(page)}\n`);
  rmSync(PAGE, { recursive: true, force: true });
  try {
    renameSync(folder, PAGE);
  } catch (error) {
    // Another start of the gateway has made the same page in the meantime.
    if (!existsSync(description)) throw error;
    rmSync(folder, { recursive: true });
  }
}

/** The documents of the page's tabs, by the names of their files. */
export function readTabDocuments(): Readonly<Record<string, string>> {
  const documents = filesOf(TABS).map((path) => [parse(path).name, readFileSync(join(ROOT, path), 'utf8')]);
  return Object.fromEntries(documents);
}

function hashOfInputs(): string {
  const hash = createHash('sha256');
  for (const path of [...INPUTS.flatMap(filesOf), INSTALLED].filter((file) => existsSync(join(ROOT, file)))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('base64url');
}

function filesOf(path: string): string[] {
  if (/\.\w+$/.test(path)) return [path];
  const names = readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => /\.\w+$/.test(name))
    .sort()
    .map((name) => `${path}/${name}`);
}

/** Vite takes the kind of a build from the environment, where tests have another one. */
async function inProduction<Outcome>(build: () => Promise<Outcome>): Promise<Outcome> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    return await build();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

async function bundle(): Promise<[name: string, content: string | Uint8Array][]> {
  // Loaded here, not above: most builds bundle nothing.
  const { build } = await import('vite');
  const results = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    base: './',
    resolve: {
      alias: [
        // GraphiQL's editor is CodeMirror here, behind the part of Monaco's interface that it calls.
        {
          find: /^monaco-(editor|graphql)\/.*$/,
          replacement: join(ROOT, 'src/features/graphiql/browser/editor/monaco.ts'),
        },
      ],
      dedupe: ['graphql', 'react', 'react-dom'],
    },
    build: {
      write: false,
      target: 'es2022',
      cssCodeSplit: false,
      modulePreload: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      license: { fileName: 'LICENSES.md' },
      rolldownOptions: {
        input: ENTRY,
        output: {
          entryFileNames: 'start-[hash].js',
          chunkFileNames: '[name]-[hash].js',
          assetFileNames: '[name]-[hash][extname]',
        },
      },
    },
  });
  const [result] = [results].flat();
  if (!result || !('output' in result)) throw new Error('Vite made no files.');
  return result.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleGraphiQL();
