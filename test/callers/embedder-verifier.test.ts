import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TokenVerifier } from '../../src/callers/identify.ts';
import type { KeyRing } from '../../src/callers/key-ring.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { bearer } from '../support/clients/keys.ts';
import { createHeldClock, type HeldClock } from '../support/clocks/held-clock.ts';
import { openGateway } from '../support/gateways/gateway.ts';

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
async function passUntil(there: Promise<unknown>, clock: HeldClock, ms: number): Promise<void> {
  let isThere = false;
  there.finally(() => {
    isThere = true;
  });
  for (; !isThere; await new Promise((resolve) => setTimeout(resolve, 10))) clock.pass(ms);
}

/** The answer to a caller where `find` and `verify` give this, and the text of the log. */
async function ask(given: () => unknown, key = 'a-key', hangs = false) {
  const clock = createHeldClock();
  const keyRing = { find: given } as unknown as KeyRing;
  const tokenVerifier = { verify: given } as unknown as TokenVerifier;
  const gateway = await openGateway({
    upstream: recorder.url,
    credentials: { heldKey: 'held', keyRing, tokenVerifier },
    transport: { clock },
  });
  const answering = gateway.execute(READ, undefined, bearer(key));
  if (hangs) await passUntil(answering, clock, 10_000);
  const { status, data, errors } = await answering;
  await gateway.close();
  return {
    status,
    data,
    codes: errors?.map(({ extensions }) => extensions.code),
    calls: recorder.calls.length,
    logged: gateway.logged.map(String).join('\n'),
    text: JSON.stringify(errors),
  };
}

class Impostor extends Error {
  readonly scopes = undefined;
  readonly scripts = undefined;
  readonly projects = undefined;
}

const WRONG: readonly (readonly [string, () => unknown, string])[] = [
  ['{}', () => ({}), 'an object without the member "name"'],
  ['a promise of {}', async () => ({}), 'an object without the member "name"'],
  ['an Error', () => new Error('no such key'), 'an Error without the member "scopes"'],
  ['a promise of an Error', async () => new Impostor('x'), 'an Error without the member "rate"'],
  ['undefined', () => undefined, 'undefined'],
  ['null', () => null, 'null'],
  ['a promise of null', async () => null, 'null'],
  ['true', () => true, 'a boolean'],
  ['a text', () => 'admin', 'a string'],
  ['a list', () => [], 'an array without the member "name"'],
  ['a function', () => () => NOTHING_MORE, 'a function'],
  ['scopes in a list', () => ({ ...NOTHING_MORE, scopes: ['scripts:read'] }), '"scopes" is an array'],
  ['no scopes by null', () => ({ ...NOTHING_MORE, scopes: null }), '"scopes" is null'],
  ['a scope that is none', () => ({ ...NOTHING_MORE, scopes: new Set(['script:read']) }), '"scopes" is'],
  ['scripts in a list', () => ({ ...NOTHING_MORE, scripts: ['b'] }), '"scripts" is an array'],
  ['projects in an object', () => ({ ...NOTHING_MORE, projects: {} }), '"projects" is an object'],
  ['a name that is none', () => ({ ...NOTHING_MORE, name: 7 }), '"name" is a number'],
  ['a rate of 0', () => ({ ...NOTHING_MORE, rate: 0 }), '"rate" is a number'],
  ['a rate of less than one call', () => ({ ...NOTHING_MORE, rate: 0.5 }), '"rate" is a number'],
  ['a rate that is no number', () => ({ ...NOTHING_MORE, rate: Number.NaN }), '"rate" is a number'],
  ['a reason that is none', () => ({ reason: null }), ''],
  ['a misspelt member', () => ({ ...NOTHING_MORE, scopes: undefined, projects: undefined, scripts: 1 }), ''],
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
  it.each(WRONG)(
    'that gives %s lets nobody in, and the log says what it has to give',
    async (_, give, what) => {
      const { logged, ...answer } = await ask(give, key);
      expect(answer).toMatchObject({ status: 500, codes: ['INTERNAL_SERVER_ERROR'], calls: 0 });
      expect(answer.data).toBeUndefined();
      expect(logged).toContain(`${name} gave `);
      expect(logged).toContain(what);
      expect(logged).toContain('name, scopes, scripts, projects, rate');
      expect(answer.text).not.toContain('gave');
    },
  );

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
  const gateway = await openGateway({
    upstream: recorder.url,
    credentials: { heldKey: 'held', gatewayKeys: [''] },
  });
  const { errors } = await gateway.execute(READ, undefined, {});
  expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
  expect(recorder.calls).toEqual([]);
  await gateway.close();
});

it.each([
  ['keyRing', null, 'null without the method find'],
  ['keyRing', {}, 'an object without the method find'],
  ['keyRing', Promise.resolve({ find: () => 'unknown' }), 'awaited if it is made later'],
  ['keyRing', false, 'a boolean without the method find'],
  ['tokenVerifier', null, 'null without the method verify'],
])('a gateway does not start with a %s that is %s', async (name, given, message) => {
  const opening = openGateway({
    upstream: recorder.url,
    credentials: { heldKey: 'held', [name]: given } as object,
  });
  await expect(opening).rejects.toThrow(message);
});

it.each([
  ['keyRing', { find: () => 'unknown' }],
  ['tokenVerifier', { verify: () => ({ reason: 'is none' }) }],
  ['gatewayKeys', ['team=key-of-a-team']],
])('a gateway does not start with %s where the key is missing that they protect', async (name, given) => {
  const credentials = { heldKey: undefined, [name]: given } as object;
  await expect(openGateway({ upstream: recorder.url, credentials })).rejects.toThrow(
    `credentials.${name} is given without heldKey`,
  );
});

describe('/readiness', () => {
  async function probe(isReady: () => unknown, hangs = false) {
    const clock = createHeldClock();
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
