import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scriptIdOf, wireScript } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { useOpened, useRecorder } from '../support/gateways/fixture.ts';

/** What the API knows of a script; without a project, its answer names none. */
interface Known {
  readonly project?: string | undefined;
  readonly counts: Readonly<Record<string, unknown>> | 'refused' | 'broken';
  /** Whether the project's answer has the script, and which counts it has there. */
  readonly listed?: Readonly<Record<string, unknown>> | 'broken' | 'missing';
}

interface World {
  readonly scripts: Readonly<Record<string, Known>>;
  /** Projects whose executions the API refuses, or answers in a wrong form. */
  readonly projects?: Readonly<Record<string, 'refused' | 'broken'>>;
}

const PROJECT_CALL = /^GET \/projects\/([^/]+)\/executions$/;

function play({ scripts, projects = {} }: World): Respond {
  return ({ line }, response) => {
    const refuse = () =>
      json(response, { success: false, error: { code: -1, message: 'unauthorized or invalid request' } });
    const answer = (counts: Known['counts']) =>
      counts === 'refused'
        ? refuse()
        : json(response, { success: true, executions: counts === 'broken' ? 7 : counts });
    const [, project] = PROJECT_CALL.exec(line) ?? [];
    if (project !== undefined) {
      const listed = Object.entries(scripts).flatMap(([id, { counts, listed: other = counts, ...known }]) =>
        known.project !== project || other === 'missing' || other === 'refused'
          ? []
          : [[`a - name - ${id}`, other === 'broken' ? 7 : other]],
      );
      return answer(projects[project] ?? { total: { '01/01': 1 }, ...Object.fromEntries(listed) });
    }
    const id = scriptIdOf({ line });
    const known = scripts[id];
    if (!known) return refuse();
    if (line.startsWith('POST')) return json(response, { success: true });
    if (line.endsWith('/executions')) return answer(known.counts);
    json(response, { success: true, script: wireScript(id, { project_id: known.project ?? null }) });
  };
}

/** So many scripts, in turns of so many projects. */
const spread = (count: number, projects: number): World['scripts'] =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `s${at}`,
      { project: `p${at % projects}`, counts: { '01/01': at, '02/01': 2 * at } },
    ]),
  );

const READ = 'query ($ids: [ID!]!) { scripts(ids: $ids) { name executions { date count index } } }';
const KEY = { token: 'key', accept: 'application/graphql-response+json' };

describe('the executions of several scripts', () => {
  const fixture = useRecorder({ transport: { freshMs: 60_000, staleMs: 60_000 } });
  const callsOf = (lines: readonly string[]) => ({
    all: lines.length,
    projects: lines.filter((line) => PROJECT_CALL.test(line)).length,
  });

  it.each([
    ['40 scripts of 2 projects', spread(40, 2), {}, { all: 42, projects: 2 }],
    ['40 scripts of 40 projects', spread(40, 40), {}, { all: 80, projects: 0 }],
    ['one refused project of two', spread(40, 2), { p0: 'refused' }, { all: 42 + 20, projects: 2 }],
    ['a broken answer for one project', spread(40, 2), { p1: 'broken' }, { all: 42 + 20, projects: 2 }],
    ['one script alone', spread(1, 1), {}, { all: 2, projects: 0 }],
  ] as const)('cost one call for each project: %s', async (_title, scripts, projects, calls) => {
    fixture.respond = play({ scripts, projects });
    const ids = Object.keys(scripts);
    const { data, errors } = await fixture.gateway.execute(READ, { ids }, KEY);
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      scripts: ids.map((id, at) => ({
        name: `name of ${id}`,
        executions: [
          { date: '01/01', count: at, index: 0 },
          { date: '02/01', count: 2 * at, index: 1 },
        ],
      })),
    });
    expect(callsOf(fixture.recorder.lines())).toEqual(calls);
  });

  it('show in a plan how many calls are saved at best, and in a report what was made', async () => {
    const scripts = spread(40, 2);
    fixture.respond = play({ scripts });
    const ids = Object.keys(scripts);
    const ask = async (mode: string, document = READ) =>
      (await fixture.gateway.execute(document, { ids }, { ...KEY, 'x-upstream': mode })).extensions?.upstream;
    expect(await ask('plan')).toMatchObject({ price: 80, saves: 39 });
    expect(await ask('plan', 'query ($ids: [ID!]!) { scripts(ids: $ids) { name } }')).not.toHaveProperty(
      'saves',
    );
    expect(fixture.recorder.lines()).toEqual([]);
    expect(await ask('report')).toMatchObject({ calls: 42 });
  });

  it('are kept by project and by script, each as what was read', async () => {
    const scripts = spread(3, 1);
    fixture.respond = play({ scripts });
    const read = (...ids: string[]) => fixture.gateway.execute(READ, { ids }, KEY);
    await read('s0', 's1');
    await read('s1', 's2');
    await read('s2');
    expect(fixture.recorder.lines().filter((line) => line.endsWith('/executions'))).toEqual([
      'GET /projects/p0/executions',
      'GET /scripts/s2/executions',
    ]);
  });

  it('are read again after a write to one of the scripts', async () => {
    let scripts = spread(4, 1);
    fixture.respond = (recorded, response) => play({ scripts })(recorded, response);
    const countsOf = async () => {
      const { data } = await fixture.gateway.execute(READ, { ids: ['s1', 's2'] }, KEY);
      return (data as { scripts: { executions: { count: number }[] }[] }).scripts.map(
        ({ executions }) => executions[0]?.count,
      );
    };
    expect(await countsOf()).toEqual([1, 2]);
    scripts = { ...scripts, s2: { project: 'p0', counts: { '01/01': 0 } } };
    expect(await countsOf()).toEqual([1, 2]);
    await fixture.gateway.execute(
      'mutation { toggleScript(input: { id: "s2", enabled: false }) { __typename } }',
      {},
      KEY,
    );
    expect(await countsOf()).toEqual([1, 0]);
  });

  it('are those of single reads: same data, and same errors at the same paths', async () => {
    const COUNTS = fc.dictionary(fc.constantFrom('01/01', '02/01'), fc.constantFrom(0, 7, 'many', null));
    const KNOWN = fc.record({
      project: fc.constantFrom(undefined, 'p0', 'p1', '../users'),
      counts: fc.oneof({ weight: 4, arbitrary: COUNTS }, fc.constantFrom('refused', 'broken')),
    });
    /** In the project's answer a script is as it is alone, or it is missing or unusable. */
    const LISTED = fc.constantFrom(undefined, 'broken', 'missing');
    const ANY = fc.tuple(KNOWN, LISTED).map(([known, listed]) => ({ ...known, listed }) as Known);
    const ID = fc.constantFrom('s0', 's1', 's2', 's3', 's4', 'unknown', 'bad id');
    const PROJECTS = fc.dictionary(fc.constantFrom('p0', 'p1'), fc.constantFrom('refused', 'broken'));
    const FIELDS = fc.subarray(['name', 'id', 'project { id }', 'more: executions { count }'] as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(ANY, { minLength: 5, maxLength: 5 }),
        PROJECTS,
        fc.array(ID, { maxLength: 12 }),
        FIELDS,
        async (known, projects, ids, fields) => {
          const scripts = Object.fromEntries(known.map((script, at) => [`s${at}`, script]));
          fixture.respond = play({ scripts, projects } as World);
          const selection = `{ executions { date count index } ${fields.join(' ')} }`;
          /** A new key for each request, so that the cache serves none. */
          const run = async (document: string) => {
            keys += 1;
            const spec = { ...KEY, token: `key-${keys}` };
            const { data, errors = [] } = await fixture.gateway.execute(document, { ids }, spec);
            return { data: data as { scripts: unknown[] } | null, errors };
          };
          const batched = await run(`query ($ids: [ID!]!) { scripts(ids: $ids) ${selection} }`);
          const single = await Promise.all(
            ids.map((id) => run(`{ scripts(ids: [${JSON.stringify(id)}]) ${selection} }`)),
          );
          expect(batched.data?.scripts).toEqual(single.map(({ data }) => data?.scripts[0]));
          const told = ({ errors }: typeof batched, at?: number) =>
            errors.map(({ message, path = [], extensions: { code, ray: _ray, ...others } }) => {
              const [root, index, ...rest] = path;
              return JSON.stringify([
                message.replace(/ids\[\d+\]/, 'ids[]'),
                [root, at ?? index, ...rest],
                code,
                Object.keys(others),
              ]);
            });
          const expected = single.flatMap((one, at) => told(one, at));
          expect(told(batched).sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 60 },
    );
  });
  let keys = 0;
});

describe('callers who may not read the project', () => {
  const { record, open } = useOpened();
  const READS = ['scripts:read', 'projects:read'];

  it.each([
    ['a list of scripts', { name: 'some', scopes: READS, scripts: ['s0', 's1'] }],
    ['a list of other projects', { name: 'some', scopes: READS, projects: ['p1'], scripts: ['s0', 's1'] }],
    ['no scope for projects', { name: 'some', scopes: ['scripts:read'] }],
  ])('read each script with a call of its own: %s', async (_title, key) => {
    const recorder = await record(play({ scripts: spread(2, 1) }));
    const { gateway } = await open({
      upstream: recorder.url,
      credentials: { heldKey: 'held', keyRing: ringOf([key]) },
    });
    const { data, errors } = await gateway.execute(READ, { ids: ['s0', 's1'] }, bearer('some'));
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      scripts: [{ executions: [{ count: 0 }, { count: 0 }] }, { executions: [{ count: 1 }, { count: 2 }] }],
    });
    expect([...recorder.lines()].sort()).toEqual([
      'GET /scripts/s0',
      'GET /scripts/s0/executions',
      'GET /scripts/s1',
      'GET /scripts/s1/executions',
    ]);
  });
});
