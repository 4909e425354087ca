import { execute as executeByGraphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const transport = { clock, random: () => 0, rate: 0, totalRate: 10_000 };
const MADE_UP = { token: 'made-up' };
const GOOD = { token: 'good' };
const FIRST_READS = 5;

const idsOf = (count: number, name = 's') => Array.from({ length: count }, (_one, index) => name + index);

/** As the API has it for an unknown key, and for an id that is not the account's. */
const refuse: Respond = (_recorded, response) => {
  const error = { code: -1, message: 'unauthorized or invalid request', failed: ['not yours'] };
  json(response, { success: false, error }, 403);
};
const refuseUnless =
  (isGood: (recorded: Parameters<Respond>[0]) => boolean): Respond =>
  (recorded, response) =>
    (isGood(recorded) ? answerPlainly : refuse)(recorded, response);

describe.each([
  ['the executor of the gateway', {}],
  ['graphql’s', { execute: executeByGraphql }],
])('an operation whose key the API has never accepted, by %s', (_executor, options) => {
  const fixture = useRecorder({ transport, ...options });
  const readAll = (count: number, headers = MADE_UP, name?: string) =>
    fixture.gateway.execute(SCRIPTS, { ids: idsOf(count, name) }, headers);

  it('makes five calls and one error, however many ids it has', async () => {
    fixture.respond = refuse;
    const { status, data, errors } = await readAll(250);
    expect({ status, data }).toEqual({ status: 200, data: undefined });
    expect(errors).toEqual([
      expect.toBeJustError('FORBIDDEN', {
        message: expect.stringContaining('has not accepted this API key yet, so 245 more were not sent'),
        endpoint: 'GET /scripts/:script_id',
        reasons: ['not yours'],
        locations: undefined,
      }),
    ]);
    await expectCalls(fixture.recorder, FIRST_READS);
  });

  it('has an error for each field while it makes no more calls than that', async () => {
    fixture.respond = refuse;
    const { data, errors } = await readAll(FIRST_READS);
    expect(data?.scripts).toEqual(Array(FIRST_READS).fill(null));
    expect(errors?.map(({ path }) => path)).toEqual(
      idsOf(FIRST_READS).map((_id, index) => ['scripts', index]),
    );
  });

  it('goes on with all ids once one of the five is accepted', async () => {
    fixture.respond = refuseUnless(({ line }) => !/s[0-3]$/.test(line));
    const { data, errors } = await readAll(50);
    expect(data?.scripts.filter((script) => script === null)).toHaveLength(4);
    expect(errors?.map(({ path }) => path?.[1])).toEqual([0, 1, 2, 3]);
    await expectCalls(fixture.recorder, 50);
  });

  it('goes on as well when another operation has shown meanwhile that the key is good', async () => {
    const isFirst = /s[0-4]$/;
    const answerNow = refuseUnless(({ line }) => !isFirst.test(line));
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => answerNow(recorded, response));
    const other = readAll(1, MADE_UP, 'other');
    await expectCalls(fixture.recorder, 1);
    const answer = readAll(50);
    await expectCalls(fixture.recorder, FIRST_READS);
    held[0]?.();
    expect((await other).errors).toBeUndefined();
    fixture.respond = answerNow;
    for (const release of held.slice(1)) release();
    const { data, errors } = await answer;
    expect(data?.scripts.filter((script) => script !== null)).toHaveLength(45);
    expect(errors).toHaveLength(FIRST_READS);
  });

  it('ends with what the calls failed of when it is not the key', async () => {
    fixture.respond = (_recorded, response) => void response.writeHead(400).end();
    const { errors } = await readAll(250);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_BAD_RESPONSE']);
    await expectCalls(fixture.recorder, FIRST_READS);
  });

  it('ends as well when the five have failed before the others come', async () => {
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    for (const id of idsOf(5))
      await fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }, MADE_UP);
    // The circuit is open: what follows fails at once, before a loader has gathered its ids.
    const fields = idsOf(FIRST_READS).map((alias) => `${alias}: adProviders { name }`);
    const { errors } = await fixture.gateway.execute(
      `{ ${fields.join(' ')} script(id: "late") { name } }`,
      undefined,
      MADE_UP,
    );
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
    await expectCalls(fixture.recorder, 5);
  });
});

describe('keys that the API has never accepted', () => {
  const fixture = useRecorder({ transport });

  it('have 400 calls that wait or are under way, all together; further ones are refused at once', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) =>
      recorded.headers.token === GOOD.token
        ? answerPlainly(recorded, response)
        : void held.push(() => refuse(recorded, response));
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, GOOD);
    const codes: Record<string, number> = {};
    const answers = idsOf(100, 'made-up-').map(async (token) => {
      const { errors } = await fixture.gateway.execute(SCRIPTS, { ids: idsOf(250, token) }, { token });
      expect(errors).toHaveLength(1);
      const code = String(errors?.[0]?.extensions.code);
      codes[code] = (codes[code] ?? 0) + 1;
    });
    await eventually(() => expect(codes).toEqual({ RATE_LIMITED: 20 }));
    // One whose key is good waits for none of them.
    const { errors } = await fixture.gateway.execute(SCRIPTS, { ids: idsOf(100, 'own') }, GOOD);
    expect(errors).toBeUndefined();
    fixture.respond = refuseUnless(({ headers }) => headers.token === GOOD.token);
    for (const release of held) release();
    await Promise.all(answers);
    expect(codes).toEqual({ RATE_LIMITED: 20, FORBIDDEN: 80 });
    expect(fixture.recorder.calls.filter(({ headers }) => headers.token !== GOOD.token)).toHaveLength(400);
    // The places are free again.
    await clock.advance(1_100);
    const { errors: again } = await fixture.gateway.execute(SCRIPT, { id: 'a' }, { token: 'made-up-99' });
    expect(again?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  it('have each write answered for itself', async () => {
    fixture.respond = refuse;
    const fields = idsOf(5).map(
      (id) => `${id}: toggleScript(input: { id: "${id}", enabled: true }) { __typename }`,
    );
    const { data, errors } = await fixture.gateway.execute<Record<string, object>, object>(
      `mutation { ${fields.join(' ')} }`,
      undefined,
      MADE_UP,
    );
    expect(errors).toBeUndefined();
    expect(Object.values(data ?? {})).toEqual(Array(5).fill({ __typename: 'NotPermitted' }));
  });

  it('count as others do once a write was carried out', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, GOOD);
    fixture.respond = refuse;
    const { data, errors } = await fixture.gateway.execute(SCRIPTS, { ids: idsOf(20) }, GOOD);
    expect(data?.scripts).toHaveLength(20);
    expect(errors).toHaveLength(20);
  });
});
