import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import type { Sandbox } from '../../src/features/sandbox/server.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, idleScriptId, projectId, namesProjectId, sessionId } = seeded;
const { userKey, blacklistedUserKey, endlessUserKey } = seeded;
const SYSTEM = '68ad00000000000000000002';
const DAY_MS = 86_400_000;

const iso = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());
const run = (document: string) => fixture.gateway.execute<Record<string, unknown>, undefined>(document);

/** Selects the properties of an object. */
const selectionOf = (object: object): string =>
  Object.entries(object)
    .map(([name, value]) => (value instanceof Object ? `${name} { ${selectionOf(value)} }` : name))
    .join(' ');

const NOTHING_SET = {
  discordId: null,
  fingerprintAssigned: false,
  executor: null,
  executions: 0,
  keyExpiresAt: null,
  lastResetAt: null,
  totalFingerprintResets: 0,
  note: null,
  fingerprint: null,
};

it.each<[field: string, line: string, objectIn: (sandbox: Sandbox) => object]>([
  [
    `script(id: "${scriptId}")`,
    `GET /scripts/${scriptId}`,
    () => ({
      id: scriptId,
      project: { id: projectId },
      name: 'Nightfall Hub',
      freeForAll: false,
      useHeartbeat: true,
      kickOutdated: false,
      requireSessions: true,
      enabled: true,
      totalExecutions: 3_412_998_117,
      totalSessions: 2_423_228_663,
      totalInstances: 180,
    }),
  ],
  [
    `fetch__Script(id: "${scriptId}")`,
    `GET /scripts/${scriptId}`,
    () => ({ id: scriptId, name: 'Nightfall Hub' }),
  ],
  [
    `project(id: "${projectId}")`,
    `GET /projects/${projectId}`,
    () => ({
      id: projectId,
      name: 'Nightfall Suite',
      fingerprintResetCooldownMs: DAY_MS,
      allowFingerprintResets: true,
      deleteExpiredUsers: false,
      executionWebhook: 'https://hooks.example.com/executions',
      informationWebhook: 'https://hooks.example.com/information',
      blacklistWebhook: null,
      totalExecutions: 6_693_678_534,
    }),
  ],
  [
    `user(key: "${userKey}")`,
    `GET /users/${userKey}`,
    ({ users }) => {
      const user = users.get(userKey);
      return {
        key: userKey,
        discordId: seeded.discordId,
        fingerprintAssigned: user?.fingerprint_assigned,
        executor: user?.executor,
        executions: user?.executions,
        keyExpiresAt: iso(user?.key_expires),
        lastResetAt: iso(user?.last_reset),
        totalFingerprintResets: user?.total_fingerprint_resets,
        note: 'reseller',
        fingerprint: expect.stringMatching(/^\w+ -> ip\n\w+ -> fingerprint\n\w+ -> executor$/),
      };
    },
  ],
  [
    `user(key: "${endlessUserKey}")`,
    `GET /users/${endlessUserKey}`,
    () => ({ key: endlessUserKey, ...NOTHING_SET }),
  ],
  [
    `user(key: "${blacklistedUserKey}")`,
    `GET /users/${blacklistedUserKey}`,
    () => ({ blacklist: { reason: 'shared key', expiresAt: '2100-01-01T00:00:00.000Z' } }),
  ],
  [
    `session(id: "${sessionId}")`,
    `GET /sessions/${sessionId}`,
    () => ({
      id: sessionId,
      script: { id: scriptId },
      userKey,
      robloxId: '10234711811',
      placeId: '606849621',
      jobId: seeded.jobId,
      createdAt: '2026-02-09T08:08:20.000Z',
    }),
  ],
  [
    `fetch__Session(id: "${sessionId}")`,
    `GET /sessions/${sessionId}`,
    () => ({ id: sessionId, robloxId: '10234711811' }),
  ],
  [
    `adSystem(id: "${SYSTEM}")`,
    `GET /ads/systems/${SYSTEM}`,
    () => ({
      id: SYSTEM,
      project: { id: projectId },
      name: 'Weekend key',
      keyDurationMs: 2 * DAY_MS,
      maxKeys: 3,
      allowExtending: false,
      maxDurationMs: 2 * DAY_MS,
    }),
  ],
])('%s answers every field with %s alone', async (field, line, objectIn) => {
  const object = objectIn(fixture.sandbox);
  // A matcher is no object of the answer.
  const selection = selectionOf(object).replace(/fingerprint \{.*/, 'fingerprint');
  const { data, errors } = await run(`{ found: ${field} { ${selection} } }`);
  expect(errors).toBeUndefined();
  expect(data).toEqual({ found: object });
  expect(fixture.sandbox.calls.map(({ method, path, text }) => [`${method} ${path}`, text])).toEqual([
    [line, ''],
  ]);
});

it.each([
  ['scripts', 'ids', 'id', idleScriptId, scriptId],
  ['projects', 'ids', 'id', namesProjectId, projectId],
  ['users', 'keys', 'key', endlessUserKey, userKey],
])(
  '%s are in the order of %s: each is read once, and is null with its own error where it cannot be read',
  async (field, argument, key, first, second) => {
    const given = [first, 'unknown', second, '..', first, 'unknown'];
    const { data, errors } = await run(
      `{ found: ${field}(${argument}: ${JSON.stringify(given)}) { ${key} } }`,
    );
    const [one, other] = [{ [key]: first }, { [key]: second }];
    expect(data).toEqual({ found: [one, null, other, null, one, null] });
    const refused = errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code]);
    expect(refused?.toSorted()).toEqual([
      ['found.1', 'FORBIDDEN'],
      ['found.3', 'BAD_USER_INPUT'],
      ['found.5', 'FORBIDDEN'],
    ]);
    const lines = [first, second, 'unknown'].map((id) => `GET /${field}/${id}`);
    expect(fixture.lines().toSorted()).toEqual(lines.toSorted());
  },
);

describe('what LuaAuth sends', () => {
  const script = ({ scripts }: Sandbox) => scripts.get(scriptId);
  const project = ({ projects }: Sandbox) => projects.get(projectId);
  const user = ({ users }: Sandbox) => users.get(endlessUserKey);
  const session = ({ sessions }: Sandbox) => sessions.get(sessionId);
  const SCRIPT = `script(id: "${scriptId}")`;
  const PROJECT = `project(id: "${projectId}")`;
  const USER = `user(key: "${endlessUserKey}")`;
  const SESSION = `session(id: "${sessionId}")`;

  it.each<
    [what: string, of: (sandbox: Sandbox) => object | undefined, sent: object, field: string, shown: object]
  >([
    [
      'counts up to 2^53 - 1',
      script,
      { total_executions: Number.MAX_SAFE_INTEGER, total_instances: 2 ** 31 },
      SCRIPT,
      { totalExecutions: 9_007_199_254_740_991, totalInstances: 2_147_483_648 },
    ],
    [
      'Roblox ids beyond 2^53',
      session,
      { roblox_id: 9_007_199_254_740_993n, place_id: 123_456_789_012_345_678_901_234_567_890n },
      SESSION,
      { robloxId: '9007199254740993', placeId: '123456789012345678901234567890' },
    ],
    [
      'a Discord id as a number',
      user,
      { discord_id: 365843484059632433n },
      USER,
      { discordId: '365843484059632433' },
    ],
    ['a webhook of null', project, { execution_webhook: null }, PROJECT, { executionWebhook: null }],
    ['no webhook', project, { execution_webhook: undefined }, PROJECT, { executionWebhook: null }],
    ['a key of null', session, { user_key: null }, SESSION, { userKey: null }],
    ['no key', session, { user_key: undefined }, SESSION, { userKey: null }],
    ['an empty key', session, { user_key: '' }, SESSION, { userKey: null }],
    [
      'a blacklist for good',
      user,
      { blacklisted: true },
      USER,
      { blacklist: { reason: null, expiresAt: null } },
    ],
  ])('is shown exactly: %s', async (_what, of, sent, field, shown) => {
    Object.assign(of(fixture.sandbox) ?? {}, sent);
    const { data, errors } = await run(`{ found: ${field} { ${selectionOf(shown)} } }`);
    expect(errors).toBeUndefined();
    expect(data).toEqual({ found: shown });
  });

  it('is never rounded: a count above 2^53 - 1 is an error at its field', async () => {
    Object.assign(script(fixture.sandbox) ?? {}, { total_executions: 9_007_199_254_740_993n });
    const { data, errors } = await run(`{ ${SCRIPT} { totalExecutions } }`);
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['script', 'totalExecutions'] }),
    ]);
  });
});
