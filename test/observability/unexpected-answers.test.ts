import { describe, expect, it } from 'vitest';
import { watchAnswers } from '../../src/features/differences/watch-answers.ts';
import { createMetrics } from '../../src/features/metrics/metrics.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import {
  AD_PROVIDER_SETTING,
  AD_SYSTEM,
  type Members,
  PROJECT,
  SCRIPT,
  SESSION,
  USER,
} from '../../src/luaauth/wire.ts';
import type { AnswerObserver, EndpointDifference } from '../../src/observability/difference.ts';
import { wireProject, wireScript, wireSession, wireUser } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import { openLog } from '../support/gateways/log-lines.ts';

const { open, record } = useOpened();

type Fields = Readonly<Record<string, unknown>>;

interface Documented {
  readonly endpoint: string;
  readonly members: Members;
  /** The path of the object in the answer. */
  readonly at: string;
  readonly good: Fields;
  /** The answer that holds the object. */
  readonly answer: (object: object) => object;
  /** The operation's root field with a selection of the object. */
  readonly root: (selection: string) => string;
  /** The selections of members, where it is not the name in camel case. */
  readonly select?: Readonly<Record<string, string>>;
}

const adSystem = {
  id: 'bad',
  project_id: 'project',
  name: 'x',
  key_duration: 1,
  max_keys: 1,
  allow_extending: true,
  max_duration: 1,
};
const session = wireSession('good', 'job');
const SESSION_FIELDS = { script_id: 'script { id }' };
const AD_SYSTEM_FIELDS = {
  project_id: 'project { id }',
  key_duration: 'keyDurationMs',
  max_duration: 'maxDurationMs',
};
const PROJECT_FIELDS = { fingerprint_reset_cooldown: 'fingerprintResetCooldownMs' };

const DOCUMENTED: readonly Documented[] = [
  {
    endpoint: 'GET /scripts/:script_id',
    members: SCRIPT,
    at: 'script',
    good: wireScript('bad'),
    answer: (script) => ({ script }),
    root: (selection) => `script(id: "bad") { ${selection} }`,
    select: { project_id: 'project { id }' },
  },
  {
    endpoint: 'GET /sessions/:session_id',
    members: SESSION,
    at: 'session',
    good: { ...session, id: 'bad' },
    answer: (one) => ({ session: one }),
    root: (selection) => `session(id: "bad") { ${selection} }`,
    select: SESSION_FIELDS,
  },
  ...['', '(filter: { userKey: "x" })'].map(
    (filter): Documented => ({
      endpoint:
        filter === '' ? 'POST /scripts/:script_id/sessions' : 'GET /scripts/:script_id/sessions/filter',
      members: SESSION,
      at: 'sessions[]',
      good: session,
      answer: (bad) => ({ sessions: [session, bad] }),
      root: (selection) => `script(id: "good") { sessions${filter} { nodes { ${selection} } } }`,
      select: SESSION_FIELDS,
    }),
  ),
  {
    endpoint: 'GET /projects/:project_id',
    members: PROJECT,
    at: 'project',
    good: wireProject('bad'),
    answer: (project) => ({ project }),
    root: (selection) => `project(id: "bad") { ${selection} }`,
    select: PROJECT_FIELDS,
  },
  {
    endpoint: 'POST /projects/:project_id/edit',
    members: PROJECT,
    at: 'project',
    good: wireProject('bad'),
    answer: (project) => ({ project }),
    root: (selection) =>
      `editProject(input: { id: "bad", name: "x" }) { ... on EditProjectSuccess { project { ${selection} } } }`,
    select: PROJECT_FIELDS,
  },
  {
    endpoint: 'GET /users/:user_key',
    members: USER,
    at: 'user',
    good: wireUser('bad', { blacklisted: true }),
    answer: (user) => ({ user }),
    root: (selection) => `user(key: "bad") { ${selection} }`,
    select: {
      key_expires: 'keyExpiresAt',
      last_reset: 'lastResetAt',
      luaauth_fingerprint: 'fingerprint',
      blacklisted: 'blacklist { __typename }',
      blacklist_reason: 'blacklist { reason }',
      blacklist_expires: 'blacklist { expiresAt }',
    },
  },
  {
    endpoint: 'GET /ads/systems/:system_id',
    members: AD_SYSTEM,
    at: 'system',
    good: adSystem,
    answer: (system) => ({ system }),
    root: (selection) => `adSystem(id: "bad") { ${selection} }`,
    select: AD_SYSTEM_FIELDS,
  },
  {
    endpoint: 'GET /ads/systems',
    members: AD_SYSTEM,
    at: 'systems[]',
    good: adSystem,
    answer: (bad) => ({ systems: [{ ...adSystem, id: 'good' }, bad] }),
    root: (selection) => `adSystems { ${selection} }`,
    select: AD_SYSTEM_FIELDS,
  },
  {
    endpoint: 'GET /ads/providers',
    members: AD_PROVIDER_SETTING,
    at: 'providers.*[]',
    good: { id: 1, name: 'x', type: 'text', info: '' },
    answer: (bad) => ({ providers: { provider: [bad] } }),
    root: (selection) => `adProviders { settings { ${selection} } }`,
  },
];

const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_match, letter) => letter.toUpperCase());
const answering = (answer: () => object): Respond => {
  const script = wireScript('good');
  return ({ line }, response) =>
    json(response, { success: true, ...(line === 'GET /scripts/good' ? { script } : answer()) });
};

/** A gateway over an API that answers all with `answer`, and an observer of its answers. */
async function openWatched(answer: () => object, observer: AnswerObserver) {
  const clock = createManualClock();
  const recorder = await record(answering(answer));
  const { gateway } = await open({
    upstream: recorder.url,
    transport: { clock },
    wrapAsk: (ask) => watchAnswers(ask, clock, [observer]),
  });
  return { gateway, clock };
}

async function openWith(answer: () => object) {
  const seen: EndpointDifference[] = [];
  const opened = await openWatched(answer, { differed: (found) => void seen.push(found) });
  return { ...opened, seen };
}

describe('a member that is not as documented affects no operation that does not select it', () => {
  it.each(DOCUMENTED)('$endpoint', async ({ endpoint, members, at, good, answer, root, select = {} }) => {
    let object: object = good;
    const { gateway, seen, clock } = await openWith(() => answer(object));
    const names = Object.keys(members);
    const kind = endpoint.endsWith('/edit') ? 'mutation' : 'query';
    const fields = names.map((name) => `${name}: ${root(select[name] ?? camelCase(name))}`);
    const run = async () => {
      seen.length = 0;
      const { errors = [] } = await gateway.execute(`${kind} { ${fields.join(' ')} }`);
      const found = new Set(
        seen.filter((one) => one.endpoint === endpoint).map(({ member, kind }) => `${kind} ${member}`),
      );
      // An answer of each endpoint is compared once a second.
      await clock.advance(1_000);
      return { failed: [...new Set(errors.map(({ path }) => path?.[0]))], found: [...found] };
    };
    expect(await run()).toEqual({ failed: [], found: [] });
    for (const name of names) {
      const isBlacklist = name === 'blacklisted';
      const failed = isBlacklist ? [name, 'blacklist_reason', 'blacklist_expires'] : [name];
      const { [name]: _left, ...others } = good;
      object = { ...good, [name]: {} };
      expect(await run()).toEqual({ failed, found: [`type ${at}.${name}`] });
      object = others;
      const member = members[name] ?? '';
      expect(await run()).toEqual({
        failed: member.includes(' or ') ? [] : failed,
        found: member.endsWith(' or absent') ? [] : [`missing ${at}.${name}`],
      });
    }
    object = { ...good, brand_new: 1 };
    expect(await run()).toEqual({ failed: [], found: [`new ${at}.brand_new`] });
  });

  it('executions: neither does a count, nor a script that is no list of days', async () => {
    const days = { '01/01': 1, '01/02': 'sentinel' };
    const executions = { total: days, 'Name - a': days, 'Name - b': 5 };
    const { gateway, seen } = await openWith(() => ({ script: wireScript('a'), executions: days }));
    const one = await gateway.execute(
      '{ script(id: "a") { dates: executions { date } executions { count } name } }',
    );
    expect(one.errors?.map(({ path }) => path)).toEqual([['script', 'executions', 1, 'count']]);
    const project = await openWith(() => ({ project: wireProject('p'), executions }));
    const all = await project.gateway.execute(
      '{ project(id: "p") { executions { date } scripts { id name executions { date } } } }',
    );
    expect(all.errors?.map(({ path }) => path)).toEqual([['project', 'scripts', 1, 'executions']]);
    expect([...seen, ...project.seen].filter(({ kind }) => kind === 'type')).toEqual([
      {
        endpoint: 'GET /scripts/:script_id/executions',
        member: 'executions.*',
        kind: 'type',
        documented: 'whole number from 0 on',
        found: 'string',
      },
      expect.objectContaining({ member: 'executions.*.*', found: 'string' }),
      expect.objectContaining({ member: 'executions.*', documented: 'object', found: 'number' }),
    ]);
  });

  it('and every documented answer of a read is among them', () => {
    const tried = [...DOCUMENTED.map(({ endpoint }) => endpoint), 'executions'];
    const reads = ENDPOINTS.all.filter(({ kind }) => kind === 'read');
    expect(reads.filter(({ route }) => !tried.some((one) => route.endsWith(one)))).toEqual([]);
    expect(reads.filter(({ documented }) => Object.keys(documented).length === 0)).toEqual([]);
  });
});

describe('answers that are not as documented', () => {
  it('are counted by endpoint, member and kind, in at most 200 series', async () => {
    const metrics = createMetrics();
    let script: object = { ...wireScript('a'), enabled: 'yes', more: null };
    const { gateway, clock } = await openWatched(() => ({ script }), metrics.upstream);
    const count = async () => {
      const lines = (await metrics.text()).split('\n');
      return lines.filter((line) => line.startsWith('luaauth_upstream_unexpected_total{'));
    };
    for (let second = 0; second < 3; second++) {
      // Further answers of the same second are not compared.
      for (let times = 0; times < 2; times++) await gateway.execute('{ script(id: "a") { name } }');
      await clock.advance(1_000);
    }
    expect(await count()).toEqual([
      'luaauth_upstream_unexpected_total{endpoint="GET /scripts/:script_id",member="script.enabled",kind="type"} 3',
      'luaauth_upstream_unexpected_total{endpoint="GET /scripts/:script_id",member="script.more",kind="new"} 3',
    ]);
    for (let round = 0; round < 10; round++) {
      const added = Array.from({ length: 90 }, (_, index) => [`new_${'abcdefghij'[round]}${index}`, 1]);
      script = { ...wireScript('a'), ...Object.fromEntries(added) };
      await clock.advance(1_000);
      await gateway.execute('{ script(id: "a") { name } }');
    }
    const all = await count();
    expect(all).toHaveLength(198);
    expect(all.at(-1)).toMatch(/\{endpoint="others",member="others",kind="new"\} \d{3}$/);
  });

  it.each([
    ['name', 'string', 4_096, '4,096'],
    ['execution_webhook', 'string or null', 65_536, '65,536'],
  ])('name the limit of a string that is too long, such as %s', async (member, documented, most, limit) => {
    let value = 'x'.repeat(most);
    const answer = () => ({ project: { ...wireProject('p'), [member]: value } });
    const { gateway, seen, clock } = await openWith(answer);
    const readProject = () => gateway.execute('{ project(id: "p") { allowFingerprintResets } }');
    await readProject();
    expect(seen).toEqual([]);
    value += 'x';
    await clock.advance(1_000);
    await readProject();
    expect(seen).toEqual([
      {
        endpoint: 'GET /projects/:project_id',
        member: `project.${member}`,
        kind: 'type',
        documented,
        found: `string of more than ${limit} characters`,
      },
    ]);
  });

  it('are logged once an hour for each member, without a value or a name that is one', async () => {
    const { log, lines } = openLog();
    const odd = {
      enabled: 'sentinel-value',
      'sandbox-key': 1,
      A1b2C3d4E5f6G7h8: 2,
      'a b': 3,
      tags: ['sentinel'],
    };
    const { gateway, clock } = await openWatched(
      () => ({ script: { ...wireScript('a'), ...odd } }),
      log.upstream,
    );
    const logged = async (afterMs: number) => {
      await clock.advance(afterMs);
      lines.length = 0;
      await gateway.execute('{ script(id: "a") { name } }');
      return lines.map((line) => JSON.parse(line));
    };
    expect(await logged(0)).toMatchObject([
      {
        level: 'warn',
        msg: "LuaAuth's answer differs from its documentation",
        endpoint: 'GET /scripts/:script_id',
        member: 'script.enabled',
        kind: 'type',
        documented: 'boolean',
        found: 'string',
      },
      { member: 'script.?', kind: 'new' },
      { member: 'script.tags', kind: 'new', found: 'list' },
    ]);
    expect(lines.join()).not.toMatch(/sentinel|sandbox-key|A1b2/);
    expect(await logged(3_599_000)).toEqual([]);
    expect(await logged(1_000)).toHaveLength(3);
  });
});
