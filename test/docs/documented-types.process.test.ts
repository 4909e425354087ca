import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from '../support/processes/packed.ts';
import { findDocuments, readBlocks } from '../support/repository/documentation.ts';
import { pathOf } from '../support/repository/repository.ts';

/** Names that the text around a block gives, and a package that only readers have. */
const ASSUMED = `
declare const { createGateway, createTransport, openAgents, openStateInRedis }: typeof import('luaauth-graphql');
type RequestObserver = import('luaauth-graphql').RequestObserver;
declare const transport: import('luaauth-graphql').Transport;
declare const gateway: import('luaauth-graphql').Gateway;
declare const heldKey: string;
declare const gatewayKeys: readonly string[];
declare const table: {
  findByHash(hash: string): Promise<{ name: string; expiresAt: number; rate: number } | undefined>;
};
declare function sha256(key: string): string;
/** Of \`@graphql-hive/gateway\`. */
declare function defineConfig(config: {
  supergraph: string;
  transportEntries: Record<string, { options: { method: 'GET' | 'POST' } }>;
  propagateHeaders: {
    fromClientToSubgraphs(call: { request: Request; subgraphName: string }): Record<string, string | null | undefined>;
  };
}): unknown;
declare module '@apollo/client' {
  class InMemoryCache {
    constructor(options: { possibleTypes: Readonly<Record<string, readonly string[]>> });
  }
}
`;

/**
 * The blocks in TypeScript that no other test compiles: those of the architecture are lines of the source, and the first three of
 * the clients with types are compiled with the packed product.
 */
const blocks = findDocuments().flatMap((path) =>
  readBlocks(path)
    .filter(({ language }) => language === 'ts' && path !== 'docs/architecture.md')
    .slice(path === 'docs/typed-clients.md' ? 3 : 0)
    .map(({ text, line }) => ({ name: `${path.replaceAll('/', '.')}.${line}.ts`, text })),
);

/** Proves that a wrong option would be noticed. */
const WRONG = `// @ts-expect-error There is no such option.
await openStateInRedis({ url: 'redis://127.0.0.1:6379', longestTtlMs: 60_000, rate: 50 });`;

it('the TypeScript on the pages compiles', { timeout: 120_000 }, async () => {
  expect(blocks.length).toBeGreaterThan(5);
  const cache = pathOf('node_modules/.cache/');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'documented-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = [...blocks, { name: 'wrong.ts', text: WRONG }];
  for (const { name, text } of files) writeFileSync(join(folder, name), `${text}\nexport {};\n`);
  writeFileSync(join(folder, 'assumed.d.ts'), ASSUMED);
  const options = {
    extends: pathOf('tsconfig.json'),
    compilerOptions: {
      rootDir: pathOf(''),
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: {
        'luaauth-graphql': [pathOf('src/index.ts')],
        'luaauth-graphql/schema': [pathOf('src/features/schema.ts')],
        'luaauth-graphql/possible-types': [pathOf('schema/possible-types.d.ts')],
      },
    },
    files: ['assumed.d.ts', ...files.map(({ name }) => name)],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const tsc = pathOf('node_modules/typescript/bin/tsc');
  expect((await run(process.execPath, [tsc, '-p', folder], { cwd: folder })).stdout).toBe('');
});

it('the JSON on the pages can be parsed', () => {
  const wrong = findDocuments()
    .flatMap((path) => readBlocks(path).map((block) => ({ path, ...block })))
    .filter(({ language }) => language === 'json')
    .filter(({ text }) => !canParse(text));
  expect(wrong.map(({ path, line }) => `${path}:${line}`)).toEqual([]);
});

function canParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
