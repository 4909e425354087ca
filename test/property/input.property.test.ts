import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { wireScript } from '../support/api/plain-api.ts';
import { json } from '../support/api/recorder.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const runs = { numRuns: propertyRuns(60), seed: propertySeed(7) };
const timeout = 60_000 + runs.numRuns * 100;
const ID = /^(?!\.+$)[\w.~:-]{1,128}$/;
const whole = wireScript('a');

const fixture = useRecorder();
let reply: unknown;
beforeEach(() => {
  fixture.respond = (_recorded, response) => json(response, reply);
});

it('any id is either one whole segment of the path or refused without a call', { timeout }, async () => {
  reply = { success: true, script: whole };
  const id = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 140 }),
    fc.string({ unit: fc.constantFrom(...'./\\%2e?#:;~-_a 0\n'), maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(id, async (given) => {
      fixture.recorder.calls.length = 0;
      const { status, errors } = await fixture.gateway.execute(
        'query ($id: ID!) { script(id: $id) { name } }',
        {
          id: given,
        },
      );
      expect(status).toBe(200);
      if (ID.test(given))
        expect(fixture.recorder.lines()).toEqual([`GET /scripts/${encodeURIComponent(given)}`]);
      else {
        expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
        expect(fixture.recorder.lines()).toEqual([]);
      }
    }),
    runs,
  );
});

it('any filter value is exactly one parameter, intact', { timeout }, async () => {
  reply = { success: true, sessions: [], script: whole };
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(value, async (jobId) => {
      fixture.recorder.calls.length = 0;
      const { errors } = await fixture.gateway.execute(
        'query ($jobId: ID) { script(id: "a") { sessions(first: 1, filter: { jobId: $jobId }) { nodes { id } } } }',
        { jobId },
      );
      expect(errors).toBeUndefined();
      const target =
        fixture.recorder
          .lines()
          .find((line) => line.includes('/filter'))
          ?.split(' ')[1] ?? '';
      expect([...new URL(target, fixture.recorder.url).searchParams]).toEqual([
        ['from', '0'],
        ['limit', '2'],
        ['job_id', jobId],
      ]);
    }),
    runs,
  );
});

it('any answer of the API, with fields missing, wrong or huge, gives data or a coded error and nothing masked', {
  timeout,
}, async () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constant('x'.repeat(100_000)),
    fc.constant(1e300),
  );
  const fields = fc.record(
    Object.fromEntries(Object.keys(whole).map((name) => [name, anything])) as Record<
      string,
      fc.Arbitrary<unknown>
    >,
    { requiredKeys: [] },
  );
  const answer = fc.oneof(
    fields.map((changed) => ({ success: true, script: { ...whole, ...changed } })),
    fields.map((script) => ({ success: true, script })),
    fc.record({ success: anything, script: anything, error: anything }, { requiredKeys: [] }),
    fc.record({ code: anything, message: anything, failed: anything }, { requiredKeys: [] }).map((error) => ({
      success: false,
      error,
    })),
    anything,
  );
  await fc.assert(
    fc.asyncProperty(answer, async (given) => {
      reply = given;
      const { status, data, errors } = await fixture.gateway.execute<
        { script: { name: unknown } | null },
        object
      >('{ script(id: "a") { name enabled totalExecutions project { id } } }');
      expect(status).toBe(200);
      if (data?.script) expect(typeof data.script.name).toBe('string');
      else {
        expect(errors?.length).toBeGreaterThan(0);
        for (const { extensions } of errors ?? []) {
          expect(extensions.code).toMatch(
            /^(UPSTREAM_BAD_RESPONSE|UPSTREAM_ERROR|FORBIDDEN|BAD_USER_INPUT|RATE_LIMITED)$/,
          );
        }
      }
    }),
    runs,
  );
});
