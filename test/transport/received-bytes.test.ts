import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scriptIdOf, wireProject, wireScript } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { arrival, expectCalls } from '../support/vitest/waiting.ts';

/** An operation may receive four times as much. */
const ANSWER_BYTES = 25_000;
const FILLER = 'x'.repeat(30_000);

const ids = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
const codesOf = (errors: readonly { extensions: { code: string } }[] = []) =>
  errors.map(({ extensions }) => extensions.code);

/** A script, and 30 kB of what nobody asks for. */
const answerAtLength: Respond = (recorded, response) =>
  json(response, { success: true, script: wireScript(scriptIdOf(recorded)), filler: FILLER });

describe('what the calls of an operation bring', () => {
  const fixture = useRecorder({ limits: { answerBytes: ANSWER_BYTES } });
  const read = (count: number) => fixture.gateway.execute(SCRIPTS, { ids: ids(count) });

  it('may be four times as much as an answer, and what is over is ANSWER_TOO_LARGE', async () => {
    fixture.respond = answerAtLength;
    expect((await read(3)).errors).toBeUndefined();
    const { status, data, errors = [] } = await read(6);
    expect(status).toBe(200);
    expect(data?.scripts.filter((script) => script !== null)).toHaveLength(3);
    expect(codesOf(errors)).toEqual(Array(3).fill('ANSWER_TOO_LARGE'));
    expect(errors[0]?.message).toBe(
      "GET /scripts/:script_id: LuaAuth's answers to this operation have more bytes than one operation may receive, which is 4 times MAX_ANSWER_BYTES. Ask for smaller pages or fewer items, or split the operation.",
    );
    // Each operation has an allowance of its own.
    expect((await read(3)).errors).toBeUndefined();
  });

  it('is counted when it is unpacked', async () => {
    fixture.respond = (recorded, response) => {
      const script = wireScript(scriptIdOf(recorded));
      const packed = gzipSync(JSON.stringify({ success: true, script, filler: FILLER }));
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    };
    expect((await read(3)).errors).toBeUndefined();
    expect(codesOf((await read(6)).errors)).toEqual(Array(3).fill('ANSWER_TOO_LARGE'));
  });

  it('leaves no call to make once it is used up: a write that follows is not sent', async () => {
    fixture.respond = answerAtLength;
    const writes = ids(6).map(
      (id) => `${id}: toggleScript(input: { id: "${id}", enabled: true }) { __typename }`,
    );
    const { errors } = await fixture.gateway.execute(`mutation { ${writes.join(' ')} }`);
    expect(errors?.map(({ path, extensions }) => [path, extensions.code, extensions.outcome])).toEqual([
      [['s3'], 'ANSWER_TOO_LARGE', 'UNKNOWN'],
    ]);
    expect(fixture.recorder.calls).toHaveLength(4);
  });

  it('does not open the circuit breaker', async () => {
    fixture.respond = answerAtLength;
    for (let round = 0; round < 5; round += 1) await read(20);
    expect((await fixture.gateway.execute(SCRIPT, { id: 'a' })).errors).toBeUndefined();
    const write = await fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    expect(write.data?.toggleScript.__typename).toBe('ToggleScriptSuccess');
  });

  it('takes nothing from another operation that waits for the same call', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => void answerAtLength(recorded, response));
    const first = read(6);
    await arrival(fixture.recorder, 5);
    const second = fixture.gateway.execute(SCRIPTS, { ids: ['s4', 's5'] });
    // It shares both calls, so it sends none.
    await expectCalls(fixture.recorder, 6);
    fixture.respond = answerAtLength;
    for (const answer of held) answer();
    expect(codesOf((await first).errors)).toEqual(Array(3).fill('ANSWER_TOO_LARGE'));
    expect((await second).errors).toBeUndefined();
    expect(fixture.recorder.calls).toHaveLength(8);
  });
});

describe('a text of an answer', () => {
  const fixture = useRecorder();
  const LONG = 'n'.repeat(4_096);

  it('that is a name may have 4,096 characters; a longer one is an error at its field', async () => {
    fixture.respond = (recorded, response) => {
      const id = scriptIdOf(recorded);
      json(response, { success: true, script: wireScript(id, { name: id === 'long' ? LONG : `${LONG}n` }) });
    };
    const { data, errors } = await fixture.gateway.execute(
      '{ long: script(id: "long") { name } longer: script(id: "longer") { id } other: script(id: "other") { name } }',
    );
    expect(data).toEqual({ long: { name: LONG }, longer: { id: 'longer' }, other: null });
    expect(errors).toEqual([expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['other', 'name'] })]);
    expect(errors?.[0]?.message).toContain('its script has no usable "name"');
  });

  it.each([
    [
      'note',
      '{ user(key: "a") { executions note } }',
      { user: { key: 'a', executions: 1, note: `${LONG}n` } },
    ],
    [
      'reason',
      '{ user(key: "a") { executions blacklist { reason } } }',
      { user: { key: 'a', executions: 1, blacklisted: true, blacklist_reason: `${LONG}n` } },
    ],
    ['date', '{ script(id: "a") { executions { count date } } }', { executions: { [`${LONG}n`]: 1 } }],
    [
      'name of a script in the executions of a project',
      '{ project(id: "a") { scripts { id name } } }',
      { project: wireProject('a'), executions: { total: {}, [`${LONG}n - b`]: { '01/01': 1 } } },
    ],
    ['name of a provider', '{ adProviders { name } }', { providers: { [`${LONG}n`]: [] } }],
    [
      'name of a setting',
      '{ adProviders { settings { name } } }',
      { providers: { a: [{ id: 'a', name: `${LONG}n`, type: 'text', info: null }] } },
    ],
  ])('that is a %s is limited as well', async (_title, document, answer) => {
    fixture.respond = (_recorded, response) => json(response, { success: true, ...answer });
    const { errors = [] } = await fixture.gateway.execute(document);
    expect(codesOf(errors)).toEqual(['UPSTREAM_BAD_RESPONSE']);
  });

  it('that explains a setting may be longer', async () => {
    const info = 'i'.repeat(60_000);
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, providers: { a: [{ id: 'a', name: 'a', type: 'info', info }] } });
    const { data } = await fixture.gateway.execute('{ adProviders { settings { info } } }');
    expect(data).toEqual({ adProviders: [{ settings: [{ info }] }] });
  });
});
