import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { createSchema } from '../../../src/features/schema.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import { openGateway } from '../../support/gateways/gateway.ts';
import { operations } from '../../support/random/documents.ts';
import { propertyRuns, propertySeed } from '../../support/random/property-runs.ts';
import { writeDocument } from '../../support/random/write-document.ts';

const LISTED = ['scripts:read', 'projects:read', 'sessions:read', 'sessions:write'];
/** A key for everything, one that only reads, and two that reach one script or project. */
const KEYS = [
  { name: 'bot' },
  { name: 'reader', scopes: ['scripts:read', 'projects:read', 'users:read', 'sessions:read'] },
  { name: 'elsewhere', scopes: LISTED, scripts: [seeded.freeForAllScriptId] },
  { name: 'nowhere', scopes: LISTED, projects: ['65e0a1b2c3d4e5f600000002'] },
];

const credentials = { heldKey: 'sandbox-key', keyRing: ringOf(KEYS) };
const { closing } = useOpened();

/** A gateway whose only tool is made of a document. Undefined if it makes none. */
async function gatewayOf(upstream: string, document: string) {
  const options = { upstream, credentials, transport: { freshMs: 0 } };
  return openGateway({ ...options, ...forAgents(new Map([['one', document]])) }).catch((error) => {
    expect(error.name).toBe('StartError');
    return undefined;
  });
}

interface Answered {
  readonly data?: unknown;
  readonly errors?: readonly { readonly path?: readonly unknown[] }[] | undefined;
}

/** Fields fail in the order in which the API answers, and calls go side by side. */
const inOrder = ({ data, errors = [] }: Answered, sandbox: Sandbox) => ({
  data,
  errors: errors.map((error) => JSON.stringify(error)).sort(),
  calls: sandbox.calls.map(({ method, path, text }) => `${method} ${path} ${text}`).sort(),
});

const numRuns = propertyRuns(120);

it('any operation is answered to any key as at /graphql, with the same calls', {
  timeout: 30_000 + numRuns * 600,
}, async () => {
  const sandbox = await startSandbox({ rate: 0, maxLimit: 2 });
  closing.push(sandbox.close);
  let compared = 0;
  let forbidden = 0;
  const compare = async (url: string, execute: Execute, written: Written, key: string) => {
    const { document, variables } = written;
    const toolFor = async (name: string) => (await sendMessage(url, name, 'tools/list')).result?.tools?.[0];
    const anyTool = await toolFor('bot');
    if (!anyTool) return;
    const params = { name: anyTool.name, arguments: variables };
    sandbox.reset();
    const there = await execute(document, variables, bearer(key));
    const expected = inOrder(there, sandbox);
    sandbox.reset();
    const { result, error } = await sendMessage(url, key, 'tools/call', params);
    if (await toolFor(key)) {
      expect(inOrder(result?.structuredContent ?? {}, sandbox), document).toEqual(expected);
      compared += 1;
    } else {
      expect(there.errors?.[0]?.extensions.code, document).toBe('FORBIDDEN');
      expect(error?.message, document).toContain(`There is no tool "${anyTool.name}"`);
      expect(sandbox.calls, document).toEqual([]);
      forbidden += 1;
    }
  };
  const keys = fc.constantFrom(...KEYS.map(({ name }) => name));
  const property = fc.asyncProperty(operations(createSchema(), 5), keys, async (operation, key) => {
    const written = writeDocument(operation);
    // A text of its length is cut for an agent; the other is the time itself.
    if (/sdl|resetAt/.test(written.document)) return;
    const gateway = await gatewayOf(sandbox.url, written.document);
    if (!gateway) return;
    await compare(gateway.url, gateway.execute, written, key).finally(gateway.close);
  });
  await fc.assert(property, { seed: propertySeed(7), numRuns });
  expect(compared).toBeGreaterThan(numRuns / 4);
  // In few runs, each key may happen to be permitted what it asks for.
  if (numRuns > 20) expect(forbidden).toBeGreaterThan(0);
});

type Execute = Awaited<ReturnType<typeof openGateway>>['execute'];
type Written = ReturnType<typeof writeDocument>;
