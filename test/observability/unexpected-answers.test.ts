import { isListType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { watchAnswers } from '../../src/features/differences/watch-answers.ts';
import { createMetrics } from '../../src/features/metrics/metrics.ts';
import { createSchema } from '../../src/features/schema.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { AD_PROVIDER_SETTING, AD_SYSTEM, type Members, PROJECT, SESSION } from '../../src/luaauth/wire.ts';
import type { AnswerObserver, EndpointDifference } from '../../src/observability/difference.ts';
import { costOf } from '../../src/plan/cost.ts';
import { plainObject, wireProject, wireScript, wireSession } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import { openLog } from '../support/gateways/log-lines.ts';

const { open, record } = useOpened();

interface Documented {
  readonly endpoint: string;
  readonly members: Members;
  /** The path of the object in the answer. */
  readonly at: string;
  readonly good: object;
  /** The answer that holds the object. */
  readonly answer: (object: object) => object;
  /** The operation's root field with a selection of the object. */
  readonly root: (selection: string) => string;
  /** The type whose fields show the members. */
  readonly type: string;
}

const schema = createSchema();

/** The selections of members that no field of their type exposes. */
const SELECTIONS: Readonly<Record<string, string>> = {
  script_id: 'script { id }',
  project_id: 'project { id }',
  blacklisted: 'blacklist { __typename }',
  blacklist_reason: 'blacklist { reason }',
  blacklist_expires: 'blacklist { expiresAt }',
};

const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_match, letter) => letter.toUpperCase());

function selectionOf(type: string, member: string): string {
  const found = schema.getType(type);
  const fields = isObjectType(found) ? Object.values(found.getFields()) : [];
  const exposing = fields.find(({ extensions }) => extensions.pothosExposedField === member);
  return SELECTIONS[member] ?? exposing?.name ?? camelCase(member);
}

/** Every read of one object, and the query by its id. */
const BY_ID = ENDPOINTS.all.flatMap(({ route, shows, documented }): readonly Documented[] => {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const query = queries.find((field) => costOf(field)?.endpoint === route && !isListType(field.type));
  const [at = ''] = Object.keys(documented);
  if (!shows || !query) return [];
  // The answer of such a read has one object.
  const members = documented[at] as Members;
  return [
    {
      endpoint: route,
      members,
      at,
      // Only a blacklisted user has the members of a blacklist.
      good: { ...plainObject(members), ...('blacklisted' in members && { blacklisted: true }) },
      answer: (object) => ({ [at]: object }),
      root: (selection) => `${query.name}(${query.args[0]?.name}: "plain") { ${selection} }`,
      type: String(query.type),
    },
  ];
});

const adSystem = plainObject(AD_SYSTEM);

const DOCUMENTED: readonly Documented[] = [
  ...BY_ID,
  ...['', '(filter: { userKey: "x" })'].map(
    (filter): Documented => ({
      endpoint:
        filter === '' ? 'POST /scripts/:script_id/sessions' : 'GET /scripts/:script_id/sessions/filter',
      members: SESSION,
      at: 'sessions[]',
      good: wireSession('good', 'job'),
      answer: (bad) => ({ sessions: [wireSession('good', 'job'), bad] }),
      root: (selection) => `script(id: "good") { sessions${filter} { nodes { ${selection} } } }`,
      type: 'Session',
    }),
  ),
  {
    endpoint: 'POST /projects/:project_id/edit',
    members: PROJECT,
    at: 'project',
    good: plainObject(PROJECT),
    answer: (project) => ({ project }),
    root: (selection) =>
      `editProject(input: { id: "plain", name: "x" }) { ... on EditProjectSuccess { project { ${selection} } } }`,
    type: 'Project',
  },
  {
    endpoint: 'GET /ads/systems',
    members: AD_SYSTEM,
    at: 'systems[]',
    good: adSystem,
    answer: (bad) => ({ systems: [{ ...adSystem, id: 'good' }, bad] }),
    root: (selection) => `adSystems { ${selection} }`,
    type: 'AdSystem',
  },
  {
    endpoint: 'GET /ads/providers',
    members: AD_PROVIDER_SETTING,
    at: 'providers.*[]',
    good: plainObject(AD_PROVIDER_SETTING),
    answer: (bad) => ({ providers: { provider: [bad] } }),
    root: (selection) => `adProviders { settings { ${selection} } }`,
    type: 'AdProviderSetting',
  },
];

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
  it.each(DOCUMENTED)('$endpoint', async ({ endpoint, members, at, good, answer, root, type }) => {
    let object = good;
    const { gateway, seen, clock } = await openWith(() => answer(object));
    const names = Object.keys(members);
    const kind = endpoint.endsWith('/edit') ? 'mutation' : 'query';
    const fields = names.map((name) => `${name}: ${root(selectionOf(type, name))}`);
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
      const { [name]: _left, ...others } = good as Readonly<Record<string, unknown>>;
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
