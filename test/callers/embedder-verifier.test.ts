import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials, TokenVerifier } from '../../src/callers/identify.ts';
import type { KeyRing } from '../../src/callers/key-ring.ts';
import { createGateway } from '../../src/index.ts';
import { createTransport } from '../../src/transport/transport.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { bearer } from '../support/clients/keys.ts';
import { createManualClock, type ManualClock } from '../support/clocks/clock.ts';
import { openGateway, type Result } from '../support/gateways/gateway.ts';

const READ = '{ script(id: "a") { name } }';
const NOTHING_MORE = {
  name: 'a',
  scopes: undefined,
  scripts: undefined,
  projects: undefined,
  rate: undefined,
};
/** As other libraries' promises have it. */
const THEN = 'then';
const TOKEN = 'eyJhbGciOiJub25lIn0.e30.x';

let recorder: Awaited<ReturnType<typeof startRecorder>>;
beforeAll(async () => {
  recorder = await startRecorder(answerPlainly);
});
afterAll(() => recorder.close());
beforeEach(() => void recorder.calls.splice(0));

/** Lets so much time pass, again and again, until something is there. */
async function passUntil(there: Promise<unknown>, clock: ManualClock, ms: number): Promise<void> {
  let isThere = false;
  there.finally(() => {
    isThere = true;
  });
  for (; !isThere; await new Promise((resolve) => setTimeout(resolve, 10))) void clock.advance(ms);
}

/** Opens a gateway as an embedder does, with this clock. */
function embed(credentials: Credentials, clock?: ManualClock) {
  const transport = createTransport({ url: new URL(recorder.url), userAgent: 'test', clock });
  const logged: unknown[] = [];
  const gateway = createGateway({ transport, credentials, log: { error: (error) => logged.push(error) } });
  return { gateway, logged, close: transport.close };
}

/** The answer to a caller where `find` and `verify` give this, and the text of the log. */
async function ask(given: () => unknown, key = 'a-key', hangs = false) {
  const clock = createManualClock();
  const keyRing = { find: given } as unknown as KeyRing;
  const tokenVerifier = { verify: given } as unknown as TokenVerifier;
  const { gateway, logged, close } = embed({ heldKey: 'held', keyRing, tokenVerifier }, clock);
  const answering = Promise.resolve(gateway.fetch('http://localhost/graphql', jsonPost(READ, bearer(key))));
  if (hangs) await passUntil(answering, clock, 10_000);
  const { status, text } = await answering.then(async (answer) => ({
    status: answer.status,
    text: await answer.text(),
  }));
  await close();
  const { data, errors } = JSON.parse(text) as Result<unknown>;
  return {
    status,
    data,
    codes: errors?.map(({ extensions }) => extensions.code),
    calls: recorder.calls.length,
    logged: logged.map(String).join('\n'),
    text: JSON.stringify(errors),
  };
}

const WRONG: readonly (readonly [string, () => unknown])[] = [
  ['{}', () => ({})],
  ['a promise of an Error', async () => new Error('no such key')],
  ['undefined', () => undefined],
  ['a promise of null', async () => null],
  ['true', () => true],
  ['a text', () => 'admin'],
  ['a list', () => []],
  ['a function', () => () => NOTHING_MORE],
  ['a misspelt limit', () => ({ name: 'a', scope: undefined, scripts: undefined, projects: undefined })],
];

/** What the types forbid fails where it is used. */
const UNUSABLE: readonly (readonly [string, () => unknown])[] = [
  ['scopes in a list', () => ({ ...NOTHING_MORE, scopes: ['sessions:read'] })],
  ['scripts in a list', () => ({ ...NOTHING_MORE, scripts: ['b'] })],
  ['projects in an object', () => ({ ...NOTHING_MORE, projects: {} })],
];

const FAILING: readonly (readonly [string, () => unknown, string])[] = [
  [
    'throws',
    () => {
      throw new Error('the table is gone');
    },
    'the table is gone',
  ],
  ['rejects', () => Promise.reject(new Error('the table is gone')), 'the table is gone'],
  ['rejects with nothing', () => Promise.reject(), 'undefined'],
  ['never settles', () => new Promise(() => undefined), 'is not settled after 10000 ms'],
  ['gives another library’s promise that never settles', () => ({ [THEN]() {} }), 'is not settled after'],
  [
    'gives a getter that throws',
    () => ({
      ...NOTHING_MORE,
      get scopes() {
        throw new Error('the getter is broken');
      },
    }),
    'the getter is broken',
  ],
  [
    'gives a `then` that throws',
    () => ({
      get [THEN]() {
        throw new Error('the getter is broken');
      },
    }),
    'the getter is broken',
  ],
];

describe.each([
  ['a key ring', 'a-key', 'credentials.keyRing.find'],
  ['a verifier of tokens', TOKEN, 'credentials.tokenVerifier.verify'],
])('%s of an embedder', (_part, key, name) => {
  it.each(WRONG)('that gives %s lets nobody in, and the log says what it has to give', async (_, give) => {
    const { logged, ...answer } = await ask(give, key);
    expect(answer).toMatchObject({ status: 500, codes: ['INTERNAL_SERVER_ERROR'], calls: 0 });
    expect(answer.data).toBeUndefined();
    expect(logged).toContain(`${name} gave no grant, so the caller is refused.`);
    expect(answer.text).not.toContain('gave');
  });

  it.each(UNUSABLE)('that gives %s lets nobody in', async (_, give) => {
    const { data, codes } = await ask(give, key);
    expect(JSON.stringify(data ?? null)).not.toContain('name');
    expect(codes).toHaveLength(1);
  });

  it.each(FAILING)('that %s lets nobody in, and the log hears of it', async (_, give, what) => {
    const { logged, ...answer } = await ask(give, key, what.includes('not settled'));
    expect(answer).toMatchObject({ status: 500, codes: ['INTERNAL_SERVER_ERROR'], calls: 0 });
    expect(logged).toContain(what);
    expect(answer.text).not.toMatch(/gone|getter/);
  });

  it.each([
    ['at once', () => NOTHING_MORE],
    ['by a promise', async () => NOTHING_MORE],
    [
      'by another library’s promise',
      () => ({ [THEN]: (tell: (grant: object) => void) => tell(NOTHING_MORE) }),
    ],
  ])('lets in whom it knows %s', async (_, give) => {
    expect(await ask(give, key)).toMatchObject({ status: 200, calls: 1, logged: '' });
  });

  it('grants what its promise grants, and no more', async () => {
    const narrow = { ...NOTHING_MORE, scopes: new Set(['sessions:read']) };
    expect(await ask(async () => narrow, key)).toMatchObject({ codes: ['FORBIDDEN'], calls: 0, logged: '' });
  });
});

it.each(['unknown', 'expired'])('a key ring of an embedder says %s by a promise', async (word) => {
  expect(await ask(async () => word)).toMatchObject({ codes: ['UNAUTHENTICATED'], calls: 0, logged: '' });
});

it('a verifier of an embedder refuses a token by a reason, and the key ring is not asked for it', async () => {
  const { text, ...answer } = await ask(async () => ({ reason: 'is of yesterday' }), TOKEN);
  expect(answer).toMatchObject({ codes: ['UNAUTHENTICATED'], calls: 0, logged: '' });
  expect(text).toContain('This token is of yesterday.');
});

it('a caller without a key is not let in by an empty one among an embedder’s keys', async () => {
  const keyRing = { find: () => NOTHING_MORE };
  const { gateway, close } = embed({ heldKey: 'held', keyRing });
  const answer = await gateway.fetch('http://localhost/graphql', jsonPost(READ));
  expect(await answer.json()).toMatchObject({ errors: [expect.toBeError('UNAUTHENTICATED')] });
  expect(recorder.calls).toEqual([]);
  await close();
});

describe('/readiness', () => {
  async function probe(isReady: () => unknown, hangs = false) {
    const clock = createManualClock();
    const gateway = await openGateway({
      upstream: recorder.url,
      isReady: isReady as () => boolean,
      transport: { clock },
    });
    const answering = fetch(`${gateway.url}/readiness`);
    if (hangs) await passUntil(answering, clock, 5_000);
    const response = await answering;
    const text = await response.text();
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await gateway.close();
    return { status: response.status, text, logged: gateway.logged.map(String).join() };
  }

  it.each([
    [true, 200, 'ok'],
    [false, 503, 'leaving'],
  ])('awaits %s', async (value, status, word) => {
    const expected = { status, text: JSON.stringify({ status: word }), logged: '' };
    expect(await probe(async () => value)).toEqual(expected);
    expect(await probe(() => value)).toEqual(expected);
  });

  it.each([
    ...FAILING.filter(([how]) => !how.includes('getter')),
    ['gives nothing', () => undefined, 'isReady gave undefined'],
    ['gives a text', async () => 'yes', 'isReady gave a string'],
  ] as typeof FAILING)('is 503 without a stack where `isReady` %s', async (_, isReady, what) => {
    const { logged, ...answer } = await probe(isReady, what.includes('not settled'));
    expect(answer).toEqual({ status: 503, text: '{"status":"unknown"}' });
    expect(logged).toContain(what.replace('10000', '5000'));
  });
});
