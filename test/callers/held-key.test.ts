import { expect, it } from 'vitest';
import { json } from '../support/api/recorder.ts';
import { bearer } from '../support/clients/keys.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const credentials = { heldKey: 'held', gatewayKeys: ['bot'] };
const transport = { clock: createManualClock(), random: () => 0, rate: 0, totalRate: 40 };
const fixture = useRecorder({ transport, credentials });

it('a held key is never unaccepted, also in the place of another: its calls have the whole quota of all keys, not a quarter', async () => {
  const error = { code: -1, message: 'unauthorized or invalid request', failed: ['not yours'] };
  fixture.respond = (_recorded, response) => json(response, { success: false, error }, 403);
  for (const key of ['held', 'next']) {
    credentials.heldKey = key;
    const answers = Array.from({ length: 15 }, (_one, index) =>
      fixture.gateway.execute(SCRIPT, { id: `${key}${index}` }, bearer('bot')),
    );
    const codes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.code);
    expect(codes).toEqual(Array(15).fill('FORBIDDEN'));
  }
  const keys = fixture.recorder.calls.map(({ headers }) => headers.token);
  expect(keys).toEqual([...Array(15).fill('held'), ...Array(15).fill('next')]);
});
