import { expect, it } from 'vitest';
import { defaults } from '../../src/config/config.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../src/features/sandbox/server.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useOpened, useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();
const { closing, open } = useOpened();

const { namesProjectId, projectId, scriptId } = seeded;
const PLAN = { token: 'sandbox-key', 'x-upstream': 'plan' };

interface Count {
  readonly document: string;
  readonly variables?: object;
  /** The calls that reach the REST API. */
  readonly calls: number;
  /** The calls that the plan names before anything runs, where they are more. */
  readonly planned?: number;
}

/** So many scripts of a project, each with executions of its own. */
function addScripts(project_id: string, count: number): string[] {
  const model = fixture.sandbox.scripts.get(scriptId);
  return Array.from({ length: count }, (_, index) => {
    const id = `${project_id}-${index}`;
    if (model) fixture.sandbox.scripts.set(id, { ...model, id, project_id });
    fixture.sandbox.executions.set(id, { '01/01': index + 1 });
    return id;
  });
}

/** A session's users are seven, one after the other. */
function shareSevenUsers(): void {
  const keys = [...fixture.sandbox.users.keys()].slice(0, 7);
  const sessions = [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === scriptId);
  for (const [index, session] of sessions.entries()) session.user_key = keys[index % keys.length];
}

const ofProject = (selection: string) => `{ project(id: "${projectId}") { ${selection} } }`;
const ofScript = (selection: string) => `{ script(id: "${scriptId}") { ${selection} } }`;

const COUNTS: readonly (readonly [title: string, prepare: () => Count])[] = [
  [
    'three scripts with their executions: 3, and 1 for their project',
    () => ({
      document: 'query ($ids: [ID!]!) { scripts(ids: $ids) { executions { count } } }',
      variables: { ids: addScripts(projectId, 3) },
      calls: 3 + 1,
      planned: 3 + 3,
    }),
  ],
  [
    '40 scripts of two projects with their executions: 42 instead of 80',
    () => ({
      document: 'query ($ids: [ID!]!) { scripts(ids: $ids) { name executions { date count } } }',
      variables: { ids: [...addScripts(projectId, 20), ...addScripts(namesProjectId, 20)] },
      calls: 40 + 2,
      planned: 40 + 40,
    }),
  ],
  [
    'a project, its executions, and the ids, names and executions of its scripts: 2',
    () => ({
      document: ofProject('executions { date count } scripts { id name executions { count } }'),
      calls: 2,
    }),
  ],
  [
    'the same with one more field of its five scripts: 2 + 5',
    () => ({
      document: ofProject('executions { date count } scripts { id name enabled executions { count } }'),
      calls: 2 + 5,
      planned: 2 + 100,
    }),
  ],
  [
    'the same of a project of 40 scripts, with its own name: 2',
    () => {
      addScripts(projectId, 35);
      return {
        document: ofProject('name executions { count } scripts { id name executions { count } } '),
        calls: 2,
      };
    },
  ],
  ["a script with its project's id: 1", () => ({ document: ofScript('project { id }'), calls: 1 })],
  ["a script with its project's name: 2", () => ({ document: ofScript('project { id name }'), calls: 2 })],
  [
    'a page of 50 sessions with the notes of their 7 users: 1 + 7 beside the script',
    () => {
      shareSevenUsers();
      return {
        document: ofScript('sessions(first: 50) { nodes { user { note } } }'),
        calls: 1 + 1 + 7,
        planned: 1 + 1 + 50,
      };
    },
  ],
  [
    'an edit of a project that is selected: 1',
    () => ({
      document: `mutation { editProject(input: { id: "${projectId}", name: "x" }) {
        ... on EditProjectSuccess { project { id name executionWebhook } } } }`,
      calls: 1,
    }),
  ],
  [
    'a disconnect of 100 sessions: 1',
    () => ({
      document: 'mutation ($ids: [ID!]!) { disconnectSessions(input: { ids: $ids }) { __typename } }',
      variables: { ids: [...fixture.sandbox.sessions.keys()].slice(0, 100) },
      calls: 1,
    }),
  ],
  ['the rate limit: 0', () => ({ document: '{ rateLimit { limit remaining used cost queued } }', calls: 0 })],
];

it.each(COUNTS)('%s', async (_title, prepare) => {
  const { document, variables = {}, calls, planned = calls } = prepare();
  const plan = await fixture.gateway.execute<unknown, object>(document, variables, PLAN);
  expect(plan.extensions).toMatchObject({ upstream: { price: planned } });
  expect(fixture.lines()).toEqual([]);
  const { data, errors } = await fixture.gateway.execute<unknown, object>(document, variables);
  expect(errors).toBeUndefined();
  expect(data).toBeTruthy();
  expect(fixture.lines()).toHaveLength(calls);
});

interface Page {
  readonly project: { readonly scripts: readonly object[] };
}

it('ten people on a page of 40 scripts in the same second: 420 calls by REST, 370 of them refused, and 42 through the gateway', async () => {
  const TEN = Array.from({ length: 10 });
  // The API's clock stands still: all is one second.
  let now = seeded.createdAt;
  const second = await startSandbox({ now: () => now });
  closing.push(second.close);
  // The gateway's clock stands still as well. Quota and cache are those of the command line.
  const { rate, freshMs, staleMs } = defaults;
  const clock = createManualClock();
  const { gateway } = await open({ upstream: second.url, transport: { rate, freshMs, staleMs, clock } });
  const sent = () => [second.calls.length, second.calls.filter(({ limited }) => limited).length];
  const model = second.scripts.get(scriptId);
  for (let index = 0; index < 35; index += 1) {
    if (model) second.scripts.set(`added-${index}`, { ...model, id: `added-${index}` });
    second.executions.set(`added-${index}`, { '01/01': 1 });
  }
  const ids = [...second.scripts.values()].filter((one) => one.project_id === projectId).map(({ id }) => id);
  const read = (path: string) => fetch(second.url + path, { headers: { token: 'sandbox-key' } });
  const paths = [`/projects/${projectId}`, `/projects/${projectId}/executions`];
  const all = [...paths, ...ids.map((id) => `/scripts/${id}`)];
  await Promise.all(TEN.flatMap(() => all.map(read)));
  expect(sent()).toEqual([420, 370]);
  now += 10_000;
  const document = ofProject('name executions { date count } scripts { id name enabled }');
  const answers = await Promise.all(TEN.map(() => gateway.execute<Page, object>(document)));
  expect(answers.map(({ data }) => data?.project.scripts.length)).toEqual(TEN.map(() => 40));
  expect(sent()).toEqual([420 + 42, 370]);
});
