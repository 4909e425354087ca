import { describe, expect, it } from 'vitest';
import { graphql } from '../support/clients/graphql.ts';
import { DELETE, DELETE_PROJECT, EDIT, EDIT_PROJECT, TOGGLE, UPDATE } from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';

const fixture = useSandbox({ shared: true });

const BY_ID = graphql(`
  query ById($id: ID!) {
    script(id: $id) {
      id
    }
    scripts(ids: [$id]) {
      id
    }
    session(id: $id) {
      id
    }
    project(id: $id) {
      id
    }
    projects(ids: [$id]) {
      id
    }
  }
`);

const BY_REFERENCE =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }';

/** One of each kind. `input.property.test.ts` has all forms, at one field. */
const HOSTILE_IDS: [what: string, id: string][] = [
  ['..', '..'],
  ['../users/x', '../users/x'],
  ['%2e%2e', '%2e%2e'],
  ['nothing', ''],
  ['a header', 'a\r\ntoken: x'],
  ['a high surrogate', 'a\ud800'],
  ['10 kB of dots', '.'.repeat(10 * 1024)],
];

describe.each(HOSTILE_IDS)('the id %s', (_what, id) => {
  const expectRefusals = ({ errors }: Result<unknown>, places: [path: string, argument: string][]) => {
    const found = errors?.map(({ path, extensions }) => [
      path?.join('.'),
      extensions.argument,
      extensions.code,
    ]);
    expect([...(found ?? [])].sort()).toEqual(
      places.map(([path, argument]) => [path, argument, 'BAD_USER_INPUT']).sort(),
    );
    for (const error of errors ?? []) {
      expect(error.message).toContain(`${error.extensions.argument}: `);
      expect(error.message).toContain('An id is 1 to 128 letters, digits or any of _ - . ~ :');
      expect(error.message.length).toBeLessThan(500);
      expect(error.message).not.toMatch(/[\r\n\0]/);
    }
    expect(fixture.lines()).toEqual([]);
  };

  it('is refused by fields and lists before anything is called', async () => {
    const result = await fixture.gateway.execute(BY_ID, { id });
    expect(result.data).toEqual({
      script: null,
      scripts: [null],
      session: null,
      project: null,
      projects: [null],
    });
    expectRefusals(result, [
      ['script', 'id'],
      ['scripts.0', 'ids[0]'],
      ['session', 'id'],
      ['project', 'id'],
      ['projects.0', 'ids[0]'],
    ]);
  });

  it('is refused by representations before anything is called', async () => {
    const representations = ['Script', 'Session', 'Project'].map((__typename) => ({ __typename, id }));
    const result = await fixture.gateway.execute(BY_REFERENCE, { representations });
    expect(result.data).toEqual({ _entities: [null, null, null] });
    expectRefusals(result, [
      ['_entities.0', 'representations[0].id'],
      ['_entities.1', 'representations[1].id'],
      ['_entities.2', 'representations[2].id'],
    ]);
  });

  it('is refused by every mutation before anything is called', async () => {
    const refused = [
      ['editScript', await fixture.gateway.execute(EDIT, { input: { id, name: 'x' } })],
      ['editScript', await fixture.gateway.execute(EDIT, { input: { id } })],
      ['updateScript', await fixture.gateway.execute(UPDATE, { input: { id, source: 'x' } })],
      ['toggleScript', await fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } })],
      ['editProject', await fixture.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } })],
      ['deleteProject', await fixture.gateway.execute(DELETE_PROJECT, { input: { id } })],
      ['deleteScript', await fixture.gateway.execute(DELETE, { input: { id } })],
    ] as const;
    for (const [path, result] of refused) {
      expect(result.data ?? null).toBeNull();
      expectRefusals(result, [[path, 'input.id']]);
    }
  });
});

describe('an id of every kind that is allowed', () => {
  it.each([
    'a',
    '9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk',
    '3f9a2c1e-7b40-4d6a-a1c8-5e2d90b7f314',
    'a.b',
    '.a',
    'a..b',
    '~a_b-c:d',
    'A'.repeat(128),
  ])('reaches its own path segment: %s', async (id) => {
    await fixture.gateway.execute(BY_ID, { id });
    await fixture.gateway.execute(DELETE, { input: { id } });
    await fixture.gateway.execute(DELETE_PROJECT, { input: { id } });
    const arrived = fixture.sandbox.calls.map(({ method, path, route }) => ({
      method,
      path: decodeURIComponent(path),
      route,
    }));
    expect(arrived).toEqual([
      { method: 'GET', path: `/scripts/${id}`, route: 'GET /scripts/:script_id' },
      { method: 'GET', path: `/sessions/${id}`, route: 'GET /sessions/:session_id' },
      { method: 'GET', path: `/projects/${id}`, route: 'GET /projects/:project_id' },
      { method: 'POST', path: `/scripts/${id}/remove`, route: 'POST /scripts/:script_id/remove' },
      { method: 'POST', path: `/projects/${id}/remove`, route: 'POST /projects/:project_id/remove' },
    ]);
  });
});
