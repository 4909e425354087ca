import { describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/callers/scopes.ts';
import { wireProject, wireScript, wireSession } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

/** A text that only the answers about other scripts and projects hold. */
const THEIRS = 'sentinel-of-others';
const scopes = SCOPES.filter((scope) => !scope.startsWith('users:'));

const keyRing = ringOf([
  { name: 'all' },
  { name: 'by-scripts', scopes, scripts: ['mine', 'mine-too'] },
  { name: 'by-projects', scopes, projects: ['my-project'] },
  { name: 'by-both', scopes, scripts: ['mine'], projects: ['my-project'] },
]);
const fixture = useRecorder({ credentials: { heldKey: 'held', keyRing } });
const KEYS = ['by-scripts', 'by-projects', 'by-both'] as const;
type Key = (typeof KEYS)[number];

const PROJECTS: Readonly<Record<string, string>> = {
  mine: 'my-project',
  'mine-too': 'my-project',
  theirs: 'their-project',
};
const isTheirs = (line: string) => line.includes('their');
const markOf = (line: string) => (isTheirs(line) ? THEIRS : 'mine');

/** Two scripts of one project and one of another, each with a session. */
const respond: Respond = ({ line }, response) => {
  const [, kind, id = ''] = line.split(/[ /?]+/);
  if (!line.startsWith('GET') && !/\/sessions$/.test(line))
    return json(response, { success: true, processed: true });
  if (kind === 'sessions') {
    const script = id.replace('session-of-', '').replace(/-\d+$/, '');
    if (!(script in PROJECTS)) return refuse(response);
    return json(response, { success: true, session: { ...wireSession(script, markOf(line)), id } });
  }
  if (/^GET \/projects\/\S+\/executions/.test(line)) {
    const own = Object.entries(PROJECTS).filter(([, project]) => project === id);
    const listed = own.map(([script]) => [`name of ${script} - ${script}`, { '01/01': 1 }]);
    return json(response, {
      success: true,
      executions: { total: { [markOf(line)]: 7 }, ...Object.fromEntries(listed) },
    });
  }
  if (kind === 'projects')
    return json(response, { success: true, project: wireProject(id, { name: markOf(line) }) });
  if (/sessions/.test(line))
    return json(response, { success: true, sessions: [wireSession(id, markOf(line))] });
  if (/executions$/.test(line)) return json(response, { success: true, executions: { [markOf(line)]: 1 } });
  if (!(id in PROJECTS)) return refuse(response);
  json(response, {
    success: true,
    script: wireScript(id, { project_id: PROJECTS[id], name: markOf(line) }),
  });
};

function refuse(response: Parameters<Respond>[1]): void {
  const error = { code: -1, message: 'unauthorized or invalid request', failed: ['not yours'] };
  json(response, { success: false, error }, 403);
}

async function ask(key: string, document: string, variables?: object) {
  fixture.respond = respond;
  fixture.recorder.calls.splice(0);
  const { data, errors = [] } = await fixture.gateway.execute<Record<string, unknown>, object>(
    document,
    variables,
    bearer(key),
  );
  return {
    data,
    errors,
    lines: fixture.recorder.lines(),
    refused: errors.map(({ path, extensions }) => [path?.join('.'), extensions.code, extensions.outOfReach]),
  };
}

/** The calls that may come before the refusal; none: the id is refused at once. */
type Calls = { readonly [K in Key]?: readonly string[] };

type Door = readonly [document: string, path: string, thing: string, calls: Calls];

const SESSION = 'GET /sessions/session-of-theirs';
const SCRIPT = 'GET /scripts/theirs';
const AT_ONCE: Calls = {};
const FIRST_SCRIPT: Calls = { 'by-projects': [SCRIPT] };
const FIRST_SESSION: Calls = {
  'by-scripts': [SESSION],
  'by-both': [SESSION],
  'by-projects': [SESSION, SCRIPT],
};

/** Every way to something that the keys do not reach. */
const DOORS: readonly Door[] = [
  ['{ script(id: "theirs") { name } }', 'script', 'script', FIRST_SCRIPT],
  ['{ script(id: "theirs") { id } }', 'script', 'script', FIRST_SCRIPT],
  ['{ script(id: "theirs") { __typename } }', 'script', 'script', FIRST_SCRIPT],
  ['{ script(id: "theirs") { executions { date } } }', 'script', 'script', FIRST_SCRIPT],
  ['{ script(id: "theirs") { sessions { nodes { jobId } } } }', 'script', 'script', FIRST_SCRIPT],
  ['{ script(id: "theirs") { project { name } } }', 'script', 'script', FIRST_SCRIPT],
  ['{ fetch__Script(id: "theirs") { name } }', 'fetch__Script', 'script', FIRST_SCRIPT],
  ['{ scripts(ids: ["theirs"]) { name } }', 'scripts.0', 'script', FIRST_SCRIPT],
  [
    '{ _entities(representations: [{ __typename: "Script", id: "theirs" }]) { ... on Script { name } } }',
    '_entities.0',
    'script',
    FIRST_SCRIPT,
  ],
  ['{ project(id: "their-project") { name } }', 'project', 'project', AT_ONCE],
  ['{ project(id: "their-project") { id } }', 'project', 'project', AT_ONCE],
  ['{ project(id: "their-project") { executions { date } } }', 'project', 'project', AT_ONCE],
  ['{ project(id: "their-project") { id scripts { id name } } }', 'project', 'project', AT_ONCE],
  ['{ projects(ids: ["their-project"]) { name } }', 'projects.0', 'project', AT_ONCE],
  [
    '{ _entities(representations: [{ __typename: "Project", id: "their-project" }]) { ... on Project { name } } }',
    '_entities.0',
    'project',
    AT_ONCE,
  ],
  ['{ session(id: "session-of-theirs") { jobId } }', 'session', 'session', FIRST_SESSION],
  ['{ session(id: "session-of-theirs") { script { id } } }', 'session', 'session', FIRST_SESSION],
  ['{ session(id: "session-of-theirs") { script { name } } }', 'session', 'session', FIRST_SESSION],
  ['{ fetch__Session(id: "session-of-theirs") { jobId } }', 'fetch__Session', 'session', FIRST_SESSION],
  [
    '{ _entities(representations: [{ __typename: "Session", id: "session-of-theirs" }]) { __typename ... on Session { jobId } } }',
    '_entities.0',
    'session',
    FIRST_SESSION,
  ],
  [
    'mutation { editScript(input: { id: "theirs", name: "x" }) { __typename } }',
    'editScript',
    'script',
    FIRST_SCRIPT,
  ],
  [
    'mutation { updateScript(input: { id: "theirs", source: "x" }) { __typename } }',
    'updateScript',
    'script',
    FIRST_SCRIPT,
  ],
  [
    'mutation { toggleScript(input: { id: "theirs", enabled: true }) { __typename } }',
    'toggleScript',
    'script',
    FIRST_SCRIPT,
  ],
  [
    'mutation { deleteScript(input: { id: "theirs" }) { __typename } }',
    'deleteScript',
    'script',
    FIRST_SCRIPT,
  ],
  [
    'mutation { editProject(input: { id: "their-project", name: "x" }) { __typename } }',
    'editProject',
    'project',
    AT_ONCE,
  ],
  [
    'mutation { deleteProject(input: { id: "their-project" }) { __typename } }',
    'deleteProject',
    'project',
    AT_ONCE,
  ],
  [
    'mutation { disconnectSession(input: { id: "session-of-theirs" }) { __typename } }',
    'disconnectSession',
    'session',
    FIRST_SESSION,
  ],
  [
    'mutation { disconnectSessions(input: { ids: ["session-of-theirs"] }) { __typename } }',
    'disconnectSessions',
    'session',
    FIRST_SESSION,
  ],
  [
    'mutation { messageSession(input: { id: "session-of-theirs", handler: "x" }) { __typename } }',
    'messageSession',
    'session',
    FIRST_SESSION,
  ],
];

describe.each(KEYS)('with the key %s', (key) => {
  it.each(DOORS)('%s is refused', async (document, path, thing, calls) => {
    const { data, errors, lines, refused } = await ask(key, document);
    expect(refused).toEqual([[path, 'FORBIDDEN', thing]]);
    expect(lines).toEqual(calls[key] ?? []);
    expect(JSON.stringify([data, errors])).not.toContain(THEIRS);
  });

  it.each(DOORS)('what is its own is not refused: %s', async (document) => {
    const own = document.replaceAll('theirs', 'mine').replaceAll('their-project', 'my-project');
    const { refused } = await ask(key, own);
    // With scripts alone no project is reached, by whichever way.
    const isOfProject = /project/i.test(document) && key === 'by-scripts';
    expect(refused.map(([, , thing]) => thing)).toEqual(isOfProject ? ['project'] : []);
  });

  it('what is there is not told apart from what is not', async () => {
    for (const document of [
      '{ session(id: "session-of-theirs") { jobId } }',
      'mutation { disconnectSession(input: { id: "session-of-theirs" }) { __typename } }',
      '{ script(id: "theirs") { name } }',
    ]) {
      const there = await ask(key, document);
      const nowhere = await ask(key, document.replace('theirs', 'nobody'));
      expect(nowhere.errors).toEqual(there.errors);
      expect(nowhere.data).toEqual(there.data);
    }
  });

  it('an id in other letters is another one', async () => {
    for (const id of ['MINE', 'Mine']) {
      expect((await ask(key, `{ script(id: "${id}") { name } }`)).refused).toEqual([
        ['script', 'FORBIDDEN', 'script'],
      ]);
    }
    expect((await ask(key, '{ project(id: "MY-PROJECT") { name } }')).refused).toHaveLength(1);
  });
});

describe('a list', () => {
  it('of several ids is answered as far as they are within reach', async () => {
    const { data, refused, lines } = await ask('by-scripts', '{ scripts(ids: ["mine", "theirs"]) { id } }');
    expect(data).toEqual({ scripts: [{ id: 'mine' }, null] });
    expect(refused).toEqual([['scripts.1', 'FORBIDDEN', 'script']]);
    expect(lines).toEqual(['GET /scripts/mine']);
  });

  it("of a project's scripts has only those within reach", async () => {
    const document = '{ project(id: "my-project") { scripts { id name } } }';
    const idsFor = async (key: string) => {
      const { data, errors } = await ask(key, document);
      expect(errors).toEqual([]);
      return (data as { project: { scripts: { id: string }[] } }).project.scripts.map(({ id }) => id);
    };
    expect(await idsFor('by-both')).toEqual(['mine']);
    expect(await idsFor('by-projects')).toEqual(['mine', 'mine-too']);
    expect(await idsFor('all')).toEqual(['mine', 'mine-too']);
  });

  it('of sessions is refused as a whole if one session is out of reach, and no session ends', async () => {
    const { refused, lines } = await ask(
      'by-scripts',
      'mutation { disconnectSessions(input: { ids: ["session-of-mine", "session-of-theirs"] }) { __typename } }',
    );
    expect(refused).toEqual([['disconnectSessions', 'FORBIDDEN', 'session']]);
    expect(lines.toSorted()).toEqual(['GET /sessions/session-of-mine', SESSION]);
  });
});

it('a key that reaches a script but not its project gets nothing of the project, not even its id', async () => {
  for (const fields of ['id', 'name', 'executions { date }']) {
    const { data, refused, lines } = await ask(
      'by-scripts',
      `{ script(id: "mine") { name project { ${fields} } } }`,
    );
    expect(data).toEqual({ script: { name: 'mine', project: null } });
    expect(refused).toEqual([['script.project', 'FORBIDDEN', 'project']]);
    expect(lines).toEqual(['GET /scripts/mine']);
  }
});

it('a write to a script of a project within reach reads once to which project it belongs', async () => {
  const { data, lines } = await ask(
    'by-projects',
    `mutation {
      a: toggleScript(input: { id: "mine", enabled: true }) { __typename }
      b: toggleScript(input: { id: "mine", enabled: false }) { __typename }
    }`,
  );
  expect(data).toMatchObject({ b: { __typename: 'ToggleScriptSuccess' } });
  expect(lines).toEqual(['GET /scripts/mine', ...Array(2).fill('POST /scripts/mine/toggle')]);
});

it('lists cost a key without any nothing', async () => {
  const { lines } = await ask(
    'all',
    'mutation { disconnectSession(input: { id: "session-of-theirs" }) { __typename } }',
  );
  expect(lines).toEqual(['POST /sessions/session-of-theirs/disconnect']);
});

it('what is only read to see where it belongs is bounded', async () => {
  const ids = (from: number, count: number) =>
    Array.from({ length: count }, (_one, index) => `session-of-mine-${from + index}`);
  const { refused, lines } = await ask(
    'by-scripts',
    `mutation ($a: [ID!]!, $b: [ID!]!) {
      a: disconnectSessions(input: { ids: $a }) { __typename }
      b: disconnectSessions(input: { ids: $b }) { __typename }
    }`,
    { a: ids(0, 100), b: ids(100, 1) },
  );
  expect(refused).toEqual([['b', 'OPERATION_TOO_EXPENSIVE', undefined]]);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('POST /sessions/disconnect');
});

describe('with a cache', () => {
  const cached = useRecorder({
    credentials: { heldKey: 'held', keyRing },
    transport: { freshMs: 60_000, staleMs: 60_000 },
  });

  it('an answer that another caller has fetched is checked like any other', async () => {
    cached.respond = respond;
    for (const id of ['mine', 'theirs'])
      await cached.gateway.execute(`{ script(id: "${id}") { name } }`, undefined, bearer('all'));
    const document = '{ mine: script(id: "mine") { name } theirs: script(id: "theirs") { name } }';
    const { data, errors } = await cached.gateway.execute(document, undefined, bearer('by-projects'));
    expect(data).toEqual({ mine: { name: 'mine' }, theirs: null });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['theirs'], outOfReach: 'script' })]);
    expect(cached.recorder.lines()).toEqual(['GET /scripts/mine', 'GET /scripts/theirs']);
  });
});
