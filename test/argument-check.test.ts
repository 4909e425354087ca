import { describe, expect, it } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import { useSandbox } from './support/fixture.ts';

const fixture = useSandbox();

const { scriptId, sessionId, freeForAllScriptId } = seeded;
const BAD = 'sessions(after: "no cursor") { nodes { id } }';

const refusal = (path: (string | number)[], argument = 'after') => ({
  path,
  extensions: { code: 'BAD_USER_INPUT', argument },
});

describe('an argument that cannot be right costs no call', () => {
  it.each<[where: string, document: string, path: (string | number)[], argument?: string]>([
    [
      'below a session',
      `{ session(id: "${sessionId}") { script { ${BAD} } } }`,
      ['session', 'script', 'sessions'],
    ],
    [
      'below a session that is read again',
      `{ fetch__Session(id: "${sessionId}") { script { id x: ${BAD} } } }`,
      ['fetch__Session', 'script', 'x'],
    ],
    [
      'below a page',
      `{ script(id: "${scriptId}") { sessions { nodes { script { ${BAD} } } } } }`,
      ['script', 'sessions', 'nodes'],
    ],
    [
      'below a page of one of several scripts',
      `{ scripts(ids: ["${scriptId}"]) { sessions { edges { node { script { ${BAD} } } } } } }`,
      ['scripts', 0, 'sessions', 'edges'],
    ],
    [
      'below a session that is an entity, in a fragment',
      `{ _entities(representations: [{ __typename: "Session", id: "${sessionId}" }]) { ...S } }
       fragment S on Session { ... { script { ... on Script { ${BAD} } } } }`,
      ['_entities', 0, 'script', 'sessions'],
    ],
    [
      'a page size below a session',
      `{ session(id: "${sessionId}") { script { sessions(first: 101) { nodes { id } } } } }`,
      ['session', 'script', 'sessions'],
      'first',
    ],
    [
      'a filter below a session',
      `{ session(id: "${sessionId}") { script { sessions(filter: { jobId: "" }) { nodes { id } } } } }`,
      ['session', 'script', 'sessions'],
      'filter.jobId',
    ],
  ])('%s', async (_where, document, path, argument) => {
    const { errors } = await fixture.gateway.execute(document);
    expect(errors).toMatchObject([refusal(path, argument)]);
    expect(fixture.lines()).toEqual([]);
  });

  it('but for those that lead to the script whose cursor it is not', async () => {
    const { data } = await fixture.gateway.execute<
      { script: { sessions: { pageInfo: { endCursor: string } } } },
      undefined
    >(`{ script(id: "${freeForAllScriptId}") { sessions(first: 1) { pageInfo { endCursor } } } }`);
    const before = fixture.lines().length;
    const { errors } = await fixture.gateway.execute(
      `query ($after: String) { session(id: "${sessionId}") { script { name sessions(after: $after) { nodes { id } } } } }`,
      { after: data?.script.sessions.pageInfo.endCursor },
    );
    expect(errors).toMatchObject([refusal(['session', 'script', 'sessions'])]);
    expect(fixture.lines().slice(before)).toEqual([`GET /sessions/${sessionId}`]);
  });

  it('nor does the script cost one that a write would show', async () => {
    const { data, errors } = await fixture.gateway.execute(
      `mutation { toggleScript(input: { id: "${scriptId}", enabled: true }) {
        ... on ToggleScriptSuccess { script { ${BAD} } }
      } }`,
    );
    expect(data).toEqual({ toggleScript: { script: null } });
    expect(errors).toMatchObject([refusal(['toggleScript', 'script', 'sessions'])]);
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/toggle`]);
  });

  it('and is not looked for where it is skipped', async () => {
    const { errors } = await fixture.gateway.execute(
      `query ($no: Boolean = false) { session(id: "${sessionId}") { script { id ${BAD.replace('{', '@include(if: $no) {')} } } }`,
    );
    expect(errors).toBeUndefined();
    expect(fixture.lines()).toEqual([`GET /sessions/${sessionId}`]);
  });
});
