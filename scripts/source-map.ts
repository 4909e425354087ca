import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { markdownTable } from './generated-section.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

type Parts = Readonly<Record<string, string>>;

/** The parts of the product, by their paths in `src/`: all of its files are in one of them. */
const MAP: Readonly<Record<'Core' | 'Process' | 'Features', Parts>> = {
  Core: {
    'http/': 'the door: Yoga, guards, bodies, responses, streams',
    'operation/': 'the pipeline: parameters, documents, report, result streams',
    'plan/': 'an operation as a tree: price, scopes, limits, variables',
    'execution/': 'the executor',
    'schema/': 'the types with their queries and mutations, and their loaders',
    'luaauth/': 'the endpoints of the REST API: one declaration each',
    'callers/': 'API keys, gateway keys, scopes and limits of callers',
    'transport/': 'the way to the REST API: cache, breaker, retry, scheduler, connections',
    'state/': 'the records that gateways may share: the port, and the state in memory',
    'errors/': 'error codes and masking',
    'observability/': 'the record of a request, and the lines of the log',
    'gateway.ts, context.ts, version.ts': 'build a gateway',
  },
  Process: {
    'config/': 'variables, flags and files',
    'server/': 'listens, drains, runs workers, and loads what is configured',
    'cli/': 'the command line with `serve` and `schema`',
    'main.ts, index.ts': 'the program, and the package for embedders',
  },
  Features: {
    'features/agents/': 'MCP, at `/mcp` and over stdin',
    'features/audit/': 'the audit log in a file',
    'features/commands/': 'the commands `check`, `keys` and `query`',
    'features/dashboard/': 'serves the dashboard',
    'features/federation/': '`_entities` and `_service` for routers',
    'features/graphiql/': 'the GraphiQL page',
    'features/jwt/': 'JSON Web Tokens of callers',
    'features/live/': 'subscriptions: connected sessions, as they change',
    'features/metrics/': 'metrics for Prometheus',
    'features/online/': 'how many users are online: samples for metrics and for the last day',
    'features/persisted/': 'documents by id: listed documents, and documents that clients register',
    'features/redis/': 'the state that several gateways share',
    'features/sandbox/': 'a stand-in for the REST API',
    'features/tracing/': 'traces for OpenTelemetry',
    'features/websocket/': 'operations by WebSocket',
    'features/*.ts': 'the composition root: the lists of what is installed',
  },
};

interface Size {
  readonly lines: number;
  /** Without comments and blank lines. */
  readonly code: number;
}

/** The size of each part, and of each group of parts. @throws for a file that is in no part */
export function sizesOf() {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(?:tsx?|css)$/.test(file) && statSync(SRC + file).isFile(),
  );
  const rest = new Set(files);
  const groups = Object.entries(MAP).map(([group, parts]) => {
    const sized = Object.entries(parts).map(([part, meaning]) => {
      const own = files.filter((file) => part.split(', ').some((path) => isIn(file, path)));
      for (const file of own) rest.delete(file);
      return { part, meaning, size: sum(own.map((file) => sizeOf(readFileSync(SRC + file, 'utf8')))) };
    });
    return { group, parts: sized, size: sum(sized.map(({ size }) => size)) };
  });
  if (rest.size > 0) throw new Error(`scripts/source-map.ts names no part for ${[...rest].join(', ')}.`);
  return groups;
}

/** The map of the source: the beginning of docs/architecture.md. `page`: the document as it is; its numbers stay while they are about right. */
export function sourceMap(page: string): string {
  const groups = sizesOf();
  const row = (part: string, meaning: string, { lines, code }: Size) => {
    const shown = page.split('\n').find((line) => line.startsWith(`| ${part} |`)) ?? '';
    const [shownLines = 0, shownCode = 0] = shown
      .split('|')
      .slice(3)
      .map((cell) => Number(cell.replace(',', '')));
    return [part, meaning, about(lines, shownLines), about(code, shownCode)];
  };
  const rows = groups.flatMap(({ group, parts, size }) => [
    row(`**${group}**`, '', size),
    ...parts.map(({ part, meaning, size }) => row(linkTo(part), meaning, size)),
  ]);
  return markdownTable(['in `src/`', 'what it is', 'lines', 'without comments'], rows);
}

function linkTo(part: string): string {
  const paths = part.split(', ').map((path) => `[${path}](../src/${path.replace(/\*.*$/, '')})`);
  return paths.join(', ');
}

function isIn(file: string, path: string): boolean {
  if (path.endsWith('/*.ts')) return file.startsWith(path.slice(0, -4)) && file.split('/').length === 2;
  return path.endsWith('/') ? file.startsWith(path) : file === path;
}

function sizeOf(text: string): Size {
  const isBlank = (line: string) => /^\s*(?:\/\/.*)?$/.test(line);
  return {
    lines: text.split('\n').length - 1,
    code: text
      .replaceAll(/^\s*\/\*[\s\S]*?\*\//gm, '')
      .split('\n')
      .filter((line) => !isBlank(line)).length,
  };
}

function sum(sizes: readonly Size[]): Size {
  return {
    lines: sizes.reduce((all, { lines }) => all + lines, 0),
    code: sizes.reduce((all, { code }) => all + code, 0),
  };
}

/** The number that is shown, unless it is wrong by a tenth and by a hundred: few changes change the page. */
function about(lines: number, shown: number): string {
  const isNear = shown > 0 && Math.abs(shown - lines) <= Math.max(100, shown / 10);
  return `${isNear ? shown : Math.ceil(lines / 100) * 100}`.replace(/\B(?=\d{3}$)/, ',');
}
