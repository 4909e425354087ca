import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const transport = { clock, random: () => 0, rate: 0, totalRate: 10_000 };
const MADE_UP = { token: 'made-up' };

const idsOf = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);

/** As the API has it for an unknown key, and for an id that is not the account's. */
const refuse: Respond = (_recorded, response) => {
  const error = { code: -1, message: 'unauthorized or invalid request', failed: ['not yours'] };
  json(response, { success: false, error }, 403);
};
const refuseUnless =
  (isGood: (recorded: Parameters<Respond>[0]) => boolean): Respond =>
  (recorded, response) =>
    (isGood(recorded) ? answerPlainly : refuse)(recorded, response);

describe('a held key after a start', () => {
  const fixture = useRecorder({ transport, credentials: { heldKey: 'held', gatewayKeys: ['bot'] } });

  it('is never unaccepted: all ids are answered, however many of them LuaAuth refuses', async () => {
    fixture.respond = refuseUnless(({ line }) => line.includes('good'));
    const answers = [...idsOf(20, 'unknown'), ...idsOf(5, 'good')].map((id) =>
      fixture.gateway.execute(SCRIPT, { id }, { authorization: 'Bearer bot' }),
    );
    const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
    expect(codes).toEqual([...Array(20).fill('FORBIDDEN'), ...Array(5).fill(undefined)]);
    await expectCalls(fixture.recorder, 25);
  });
});

describe('a held key that takes the place of another one', () => {
  const credentials = { heldKey: 'held', gatewayKeys: ['bot'] };
  const fixture = useRecorder({ transport: { ...transport, totalRate: 40 }, credentials });

  it('is never unaccepted either: its calls have the whole quota of all keys, not a quarter', async () => {
    fixture.respond = refuse;
    credentials.heldKey = 'next';
    const answers = idsOf(30, 'id').map((id) =>
      fixture.gateway.execute(SCRIPT, { id }, { authorization: 'Bearer bot' }),
    );
    const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
    expect(codes).toEqual(Array(30).fill('FORBIDDEN'));
    expect(fixture.recorder.calls.map(({ headers }) => headers.token)).toEqual(Array(30).fill('next'));
  });
});

describe('a key that LuaAuth has not accepted', () => {
  const fixture = useRecorder({ transport });

  it('has all its calls made: a good id behind refused ones is answered', async () => {
    fixture.respond = refuseUnless(({ line }) => line.includes('good'));
    const answers = [...idsOf(20, 'unknown'), 'good'].map((id) =>
      fixture.gateway.execute(SCRIPT, { id }, MADE_UP),
    );
    const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
    expect(codes).toEqual([...Array(20).fill('FORBIDDEN'), undefined]);
    await expectCalls(fixture.recorder, 21);
  });
});
