import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { LongestFirst } from './test/support/vitest/longest-first.ts';

const require = createRequire(import.meta.url);

/**
 * All threads run the same code for a minute, and V8 compiles it for each. With code optimized when it has run seven times as
 * long as by default, and with young objects collected by one thread instead of all, the tests take 5 to 10 % less CPU time.
 */
setFlagsFromString('--no-parallel-scavenge');
// Newer ones have no such flag, and print that as an error.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=500000');

/** Tests that need more than Node have a name that says so: `shared-quota.redis.test.ts`. */
const KINDS = ['process', 'redis', 'browser'] as const;
const filesOf = (kind: (typeof KINDS)[number]) => `test/**/*.${kind}.test.ts`;

/** Started processes run what is built. */
const globalSetup = 'test/support/vitest/global-setup.ts';

type Options = Extract<TestProjectConfiguration, { test?: unknown }>['test'];

/** Tests wait as long as they work: for processes, a Redis, a browser, for what must not happen. So two of their files run for each core. */
const maxWorkers = 2 * availableParallelism();

function project(name: string, test: Options): TestProjectConfiguration {
  return { extends: true, test: { name, maxWorkers, ...test } };
}

/**
 * Threads are shared within a project only, and each imports the gateway and has V8 compile it anew. So a run of everything,
 * `npm test`, is one project; a part of it has the project of its kind, and only the kinds that need it wait for a build.
 */
const TOGETHER = [project('all', { include: ['test/**/*.test.ts'], globalSetup })];
const BY_KIND = [
  project('in-process', { include: ['test/**/*.test.ts'], exclude: KINDS.map(filesOf) }),
  ...KINDS.map((kind) => project(kind, { include: [filesOf(kind)], globalSetup })),
];

/** What is run often: no process, and no history of several gateways. */
const FAST = [
  project('fast', {
    include: ['test/**/*.test.ts'],
    exclude: [...KINDS.map(filesOf), 'test/simulation/*'],
  }),
];
const PROJECTS: Readonly<Record<string, TestProjectConfiguration[]>> = { all: TOGETHER, fast: FAST };

export default defineConfig(({ mode }) => ({
  // One copy of graphql: our files and the libraries must agree on what a GraphQLError is.
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve('graphql') }] },
  test: {
    // Nothing is mocked, so files share one import of the gateway.
    pool: 'threads',
    isolate: false,
    setupFiles: [
      'test/support/vitest/to-be-error.ts',
      'test/support/vitest/short-stacks.ts',
      'test/support/vitest/whole-properties.ts',
    ],
    // Tests of one file that run beside each other share a thread.
    maxConcurrency: 3,
    sequence: { sequencer: LongestFirst },
    // A machine that does more than this may keep a test waiting for long.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // As long as `eventually` waits: a second, the default, is nothing to a busy machine.
    expect: { poll: { timeout: 45_000 } },
    experimental: { fsModuleCache: true },
    projects: PROJECTS[mode] ?? BY_KIND,
  },
}));
