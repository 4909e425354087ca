import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAuditFile } from '../../../src/features/audit/audit-file.ts';
import type { RequestObserver } from '../../../src/observability/request-record.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { bearer, ringOf, sha256 } from '../../support/clients/keys.ts';
import { createManualClock, type ManualClock } from '../../support/clocks/clock.ts';
import { useFolder } from '../../support/gateways/configured.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import { openLog } from '../../support/gateways/log-lines.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const LICENCE_KEY = 'sentinel-licence-key-77e1';
const SOURCE = 'print("sentinel source")';
const CLIENT = { 'apollographql-client-name': 'dash', 'apollographql-client-version': '1.2.3' };

const folder = useFolder();
const { closing, open: openFixture, record } = useOpened();

const keyOf = (name: string) => `sentinel-${name}-key`;
const keyRing = ringOf([
  { name: 'deploy', sha256: sha256(keyOf('deploy')) },
  { name: 'reader', sha256: sha256(keyOf('reader')), scopes: ['scripts:read'] },
  { name: 'lister', sha256: sha256(keyOf('lister')), scopes: ['scripts:delete'], scripts: ['mine'] },
]);

/** It passes by the clock alone, however busy the machine is. */
const TIMEOUT_MS = 5_000;
let clock: ManualClock;

/** A gateway with an audit file and a log, over what plays the REST API. */
async function open(respond: Respond = answerPlainly, observers: readonly RequestObserver[] = []) {
  clock = createManualClock();
  const recorder = await record(respond);
  const path = join(folder.path, 'audit.log');
  const audit = openAuditFile(path);
  closing.push(audit.close);
  const { log, lines } = openLog();
  const { gateway } = await openFixture({
    upstream: recorder.url,
    transport: { clock, random: () => 0 },
    timeouts: { read: TIMEOUT_MS, write: TIMEOUT_MS },
    credentials: { heldKey: 'held', keyRing },
    observers: [audit.observer, log.operations as RequestObserver, ...observers],
  });
  const audited = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ask = (key: string, document: string, variables?: object) =>
    gateway.execute(document, variables, { ...bearer(keyOf(key)), ...CLIENT, 'x-request-id': 'r-1' });
  return { gateway, recorder, audit, path, audited, ask, lines };
}

/** The time, the request and the caller, which all of these lines name. */
const WHO = {
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  requestId: 'r-1',
  caller: 'deploy',
  clientName: 'dash',
  clientVersion: '1.2.3',
};

describe('each mutation', () => {
  it('has a line of its own when it is answered: who, what, of what, and how it ended', async () => {
    const { ask, audited, lines } = await open();
    await ask(
      'deploy',
      `mutation Ship($source: String!, $key: ID!) {
        a: deleteScript(input: { id: "one" }) { __typename }
        updateScript(input: { id: "two", source: $source }) { __typename }
        editUser(input: { key: $key, note: $source }) { __typename }
        disconnectSessions(input: { ids: ["s1", "s2", "s1"] }) { __typename }
        editScript(input: { id: "three" }) { __typename }
        editProject(input: { id: "four", executionWebhook: $source }) { __typename }
        createAdSystem(input: { projectId: "five", name: "x" }) { __typename }
        editAdSystem(input: { id: "six", projectId: "seven" }) { __typename }
      }`,
      { source: SOURCE, key: LICENCE_KEY },
    );
    const expected = [
      ['deleteScript', ['one'], 'DeleteScriptSuccess', 'EXECUTED'],
      ['updateScript', ['two'], 'UpdateScriptSuccess', 'EXECUTED'],
      ['editUser', [`sha256:${sha256(LICENCE_KEY)}`], 'EditUserSuccess', 'EXECUTED'],
      ['disconnectSessions', ['s1', 's2', 's1'], 'DisconnectSessionsSuccess', 'EXECUTED'],
      ['editScript', ['three'], 'NothingToEdit', 'NOT_EXECUTED'],
      ['editProject', ['four'], 'EditProjectSuccess', 'EXECUTED'],
      ['createAdSystem', ['five'], 'CreateAdSystemSuccess', 'EXECUTED'],
      ['editAdSystem', ['six', 'seven'], 'EditAdSystemSuccess', 'EXECUTED'],
    ].map(([mutation, ids, result, outcome]) => ({
      ...WHO,
      operationName: 'Ship',
      mutation,
      ids,
      result,
      outcome,
    }));
    expect(audited()).toEqual(expected);
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'mutation');
    expect(logged).toEqual(expected.map(({ time, ...rest }) => expect.objectContaining(rest)));
    await eventually(() => expect(lines).toHaveLength(9));
    expect(JSON.parse(lines[8] ?? '')).toMatchObject({
      msg: 'operation',
      caller: 'deploy',
      clientName: 'dash',
      clientVersion: '1.2.3',
    });
    expect(JSON.stringify([audited(), lines])).not.toMatch(/sentinel/);
  });

  it.each<[string, Respond, string, string | undefined, string | undefined, string]>([
    [
      'is refused by LuaAuth',
      (_call, response) =>
        json(response, { success: false, error: { code: -1, message: 'x', failed: ['no'] } }),
      'deploy',
      'NotPermitted',
      undefined,
      'NOT_EXECUTED',
    ],
    [
      'is not answered in time',
      () => void clock.advance(TIMEOUT_MS),
      'deploy',
      undefined,
      'UPSTREAM_TIMEOUT',
      'UNKNOWN',
    ],
    ['breaks', ({ socket }) => void socket.destroy(), 'deploy', undefined, 'UPSTREAM_UNAVAILABLE', 'UNKNOWN'],
    ['comes without a scope', answerPlainly, 'reader', undefined, 'FORBIDDEN', 'NOT_EXECUTED'],
    ['is out of reach', answerPlainly, 'lister', undefined, 'FORBIDDEN', 'NOT_EXECUTED'],
    ['comes without a key', answerPlainly, 'nobody', undefined, 'UNAUTHENTICATED', 'NOT_EXECUTED'],
  ])('has one as well when it %s, and its error tells the outcome', async (...row) => {
    const [, respond, key, result, errorCode, outcome] = row;
    const { ask, audited } = await open(respond);
    const { errors = [] } = await ask(
      key,
      'mutation ($id: ID!) { deleteScript(input: { id: $id }) { __typename } }',
      { id: 'a' },
    );
    expect(audited()).toEqual([
      {
        ...WHO,
        caller: key === 'nobody' ? null : key,
        mutation: 'deleteScript',
        ids: ['a'],
        ...(result && { result }),
        ...(errorCode && { errorCode }),
        outcome,
      },
    ]);
    expect(errors.map(({ extensions }) => [extensions.code, extensions.outcome])).toEqual(
      errorCode ? [[errorCode, outcome]] : [],
    );
  });

  it('that is refused before anything is sent has a line once it has begun', async () => {
    const { ask, audited, recorder } = await open();
    await ask('deploy', 'mutation { deleteScript { __typename } }');
    expect(audited()).toEqual([]);
    await ask('deploy', 'mutation { deleteScript(input: { id: "../.." }) { __typename } }');
    expect(recorder.calls).toEqual([]);
    expect(audited()).toMatchObject([{ ids: [], errorCode: 'BAD_USER_INPUT', outcome: 'NOT_EXECUTED' }]);
  });

  it('of an operation that is refused has one line with at most ten ids, however many writes it has', async () => {
    const { ask, audited, recorder } = await open();
    const ids = Array.from({ length: 100 }, (_, index) => `session-${index}`);
    const writes = Array.from(
      { length: 50 },
      (_, at) => `w${at}: disconnectSessions(input: { ids: $ids }) { __typename }`,
    );
    const document = `mutation ($ids: [ID!]!) { ${writes.join(' ')} deleteScript(input: { id: "a" }) { __typename } }`;
    await ask('reader', document, { ids });
    expect(recorder.calls).toEqual([]);
    expect(audited()).toEqual([
      {
        ...WHO,
        caller: 'reader',
        mutation: 'disconnectSessions, deleteScript',
        ids: ids.slice(0, 10),
        errorCode: 'FORBIDDEN',
        outcome: 'NOT_EXECUTED',
      },
    ]);
  });

  it('tells nothing of what is read after it: that it was carried out is certain', async () => {
    const { ask } = await open((call, response) =>
      call.line.startsWith('GET') ? void call.socket.destroy() : answerPlainly(call, response),
    );
    const { errors } = await ask(
      'deploy',
      'mutation { toggleScript(input: { id: "a", enabled: true }) { ... on ToggleScriptSuccess { script { name } } } }',
    );
    expect(errors).toMatchObject([{ path: ['toggleScript', 'script'] }]);
    expect(errors?.[0]?.extensions).not.toHaveProperty('outcome');
  });
});

it('writes a line of unknown outcome for a write that is cut off by the end of the process', async () => {
  let answerLate = () => {};
  const hold: Respond = (call, response) => {
    answerLate = () => void answerPlainly(call, response);
  };
  const { gateway, recorder, ask, audited } = await open(hold);
  const answer = ask('deploy', 'mutation { deleteScript(input: { id: "a" }) { __typename } }');
  await eventually(() => expect(recorder.calls).toHaveLength(1));
  await gateway.drain(0);
  expect((await answer).errors).toMatchObject([expect.toBeError('SHUTTING_DOWN', { outcome: 'UNKNOWN' })]);
  await eventually(() => expect(audited()).toHaveLength(1));
  answerLate();
  // An outcome that becomes known before the process ends is written as well.
  await eventually(() => expect(audited()).toHaveLength(2));
  expect(audited()).toMatchObject([
    { ids: ['a'], errorCode: 'SHUTTING_DOWN', outcome: 'UNKNOWN' },
    { ids: ['a'], result: 'DeleteScriptSuccess', outcome: 'EXECUTED' },
  ]);
});

describe('the audit file', () => {
  it('shows no key, whatever a caller says', async () => {
    const { gateway, audited, lines } = await open();
    const key = keyOf('deploy');
    await gateway.execute(`mutation M { deleteScript(input: { id: "${key}" }) { __typename } }`, undefined, {
      ...bearer(key),
      'graphql-client-name': `of ${key}`,
      'x-request-id': key,
    });
    expect(audited()).toMatchObject([
      { mutation: 'deleteScript', ids: [`sha256:${sha256(key)}`], clientName: 'of …' },
    ]);
    await eventually(() => expect(lines).toHaveLength(2));
    expect(JSON.stringify([audited(), lines])).not.toContain(key);
  });

  it.each(['deploy', 'deleteScript', 'EXECUTED', 'mutation', 'info'])(
    'says who did what, also to a caller that sends %s for a key beside its own',
    async (token) => {
      const { gateway, audited, lines } = await open();
      const headers = { ...bearer(keyOf('deploy')), token };
      await gateway.execute(
        'mutation { deleteScript(input: { id: "a-script" }) { __typename } }',
        {},
        headers,
      );
      const facts = { caller: 'deploy', mutation: 'deleteScript', ids: ['a-script'], outcome: 'EXECUTED' };
      expect(audited()).toMatchObject([facts]);
      await eventually(() => expect(lines).toHaveLength(2));
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { level: 'info', msg: 'mutation', ...facts },
        { level: 'info', msg: 'operation', caller: 'deploy' },
      ]);
    },
  );

  it('says to what by a hash, where a caller sends that for a key', async () => {
    const { gateway, audited } = await open();
    const headers = { ...bearer(keyOf('deploy')), token: 'a-script' };
    await gateway.execute('mutation { deleteScript(input: { id: "a-script" }) { __typename } }', {}, headers);
    expect(audited()).toMatchObject([{ ids: [`sha256:${sha256('a-script')}`] }]);
  });

  it('is appended to, and goes on under its name when the one before is moved away', async () => {
    const { ask, audit, audited, path } = await open();
    const remove = (id: string) =>
      ask('deploy', `mutation { deleteScript(input: { id: "${id}" }) { __typename } }`);
    await remove('one');
    renameSync(path, `${path}.1`);
    await remove('two');
    audit.reopen();
    await remove('three');
    expect(audited()).toMatchObject([{ ids: ['three'] }]);
    const moved = readFileSync(`${path}.1`, 'utf8').trimEnd().split('\n');
    expect(moved.map((line) => JSON.parse(line).ids)).toEqual([['one'], ['two']]);
  });

  it('writes whole lines after a line that was cut short, also after it is opened again', async () => {
    const { ask, audit, path } = await open();
    const remove = (id: string) =>
      ask('deploy', `mutation { deleteScript(input: { id: "${id}" }) { __typename } }`);
    appendFileSync(path, '{"time":"2026');
    audit.reopen();
    await remove('one');
    await remove('two');
    const [torn, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(torn).toBe('{"time":"2026');
    expect(lines.map((line) => JSON.parse(line).ids)).toEqual([['one'], ['two']]);
  });

  it.each([
    ['/nowhere/at/all', /^AUDIT_LOG_FILE: "\/nowhere\/at\/all" cannot be written \(ENOENT\)/],
    ['/dev/null', /^AUDIT_LOG_FILE: "\/dev\/null" is a pipe or a device/],
  ])('is not %s', (path, problem) => {
    expect(() => openAuditFile(path)).toThrow(problem);
  });

  it('that cannot take a line keeps no write from being answered, and the log says so', async () => {
    const failing: RequestObserver = {
      wrote() {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    };
    const recorder = await record(answerPlainly);
    const { gateway } = await openFixture({ upstream: recorder.url, observers: [failing] });
    const { errors } = await gateway.execute('mutation { deleteScript(input: { id: "a" }) { __typename } }');
    expect(errors).toBeUndefined();
    expect(gateway.logged.splice(0)).toMatchObject([{ code: 'ENOSPC' }]);
  });
});
