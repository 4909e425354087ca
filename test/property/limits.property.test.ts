import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { createSchema } from '../../src/features/schema.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';
import { operations } from '../support/random/documents.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { writeDocument } from '../support/random/write-document.ts';

// Its pages are short, so that there is always doubt whether another follows.
const fixture = useSandbox({ sandbox: { maxLimit: 2 }, shared: true });

const numRuns = propertyRuns(100);
const seed = propertySeed(42);
const timeoutMs = 20_000 + numRuns * 200;

const ACCEPT = { accept: 'application/graphql-response+json' };

interface Upstream {
  readonly price: number;
  readonly plan: readonly { readonly endpoint: string; readonly calls: number }[];
}

/** Data or errors with codes, and the status that goes with them; nothing that nobody expects. */
function expectSoundness({ status, data, errors }: Result<unknown>): void {
  const dataStatus = errors === undefined ? 200 : 294;
  expect(data === undefined ? [400, 422] : [dataStatus]).toContain(status);
  expect(data !== undefined || (errors ?? []).length > 0).toBe(true);
  for (const { extensions } of errors ?? []) {
    expect(extensions?.code).toMatch(/^[A-Z_]+$/);
    expect(extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
  }
  expect(fixture.gateway.logged).toEqual([]);
}

describe('an operation of any form', () => {
  // An answer with an error may come before the last call that its operation has begun: the next operation has another
  // key, and so other calls.
  const keys = Object.values(sandboxKeys);
  let turn = 0;

  it(
    'is answered with data or coded errors, has one price however it is written, and never takes more REST calls',
    async () => {
      let ran = 0;
      const property = fc.asyncProperty(operations(createSchema(), 9), async (operation) => {
        const { document, variables } = writeDocument(operation);
        const plain = writeDocument(operation, { plainly: true });
        turn += 1;
        const headers = { ...ACCEPT, token: keys[turn % keys.length] as string };
        const asked = { ...headers, 'x-upstream': 'plan' };
        const calls = () => fixture.sandbox.calls.filter((call) => call.headers.token === headers.token);
        fixture.sandbox.reset();

        const planned = await fixture.gateway.execute(document, variables, asked);
        expectSoundness(planned);
        const plannedPlain = await fixture.gateway.execute(plain.document, {}, asked);
        expectSoundness(plannedPlain);
        if (!planned.errors && !plannedPlain.errors) {
          expect(plannedPlain.extensions).toEqual(planned.extensions);
        }
        expect(calls()).toEqual([]);

        const result = await fixture.gateway.execute(document, variables, headers);
        expectSoundness(result);
        const { price = 0, plan = [] } = (planned.extensions?.upstream ?? {}) as Partial<Upstream>;
        if (price > 250) expect(result.errors?.[0]?.extensions.code).toBe('OPERATION_TOO_EXPENSIVE');
        if (result.data === undefined) expect(calls()).toEqual([]);
        else ran += 1;
        const allowed = new Map(plan.map(({ endpoint, calls: most }) => [endpoint, most]));
        for (const [route, made] of count(calls().map((call) => call.route ?? call.path))) {
          expect(made, route).toBeLessThanOrEqual(allowed.get(route) ?? 0);
        }
      });
      await fc.assert(property, { seed, numRuns });
      // The property would hold for a generator of nonsense as well.
      expect(ran).toBeGreaterThan(numRuns / 4);
    },
    timeoutMs,
  );
});

function count(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

describe('a text of any tokens', () => {
  const token = fc.oneof(
    fc.constantFrom('{', '}', '(', ')', '[', ']', ':', '!', '=', '...', '@', '$', '&', '|', ',', '#'),
    fc.constantFrom('query', 'mutation', 'subscription', 'fragment', 'on', 'type', 'null', 'true', 'F', 'v'),
    fc.constantFrom('script', 'id', 'sessions', 'nodes', '__typename', '__schema', '_entities', 'skip', 'if'),
    fc.constantFrom(
      '"x"',
      '"',
      '"""',
      '"""x"""',
      '5',
      '-5',
      '5e9',
      '0x',
      '\\',
      '\n',
      '\0',
      '\ud800',
      '{ id }',
    ),
    fc.string({ maxLength: 5 }),
  );

  it(
    'is answered with data or coded errors',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(token, { maxLength: 60 }), fc.boolean(), async (tokens, isClosed) => {
          const text = tokens.join(' ');
          const result = await fixture.gateway.execute(
            isClosed ? `{ ${text} }` : text,
            {},
            { ...ACCEPT, token: 'sandbox-key' },
          );
          expectSoundness(result);
        }),
        { seed, numRuns: numRuns * 2 },
      );
      expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
    },
    timeoutMs,
  );
});
