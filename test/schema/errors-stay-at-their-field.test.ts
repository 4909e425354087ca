import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, sessionId, freeForAllScriptId } = seeded;

/** The codes of errors by their paths. */
async function run(document: string, variables = {}) {
  const { data, errors = [] } = await fixture.gateway.execute<unknown, object>(document, variables);
  return {
    data,
    codes: Object.fromEntries(errors.map(({ path, extensions }) => [path?.join('.'), extensions.code])),
  };
}

const BAD = 'sessions(after: "no cursor") { nodes { id } }';

describe('an argument that cannot be right is an error at its field alone, and takes no call of it', () => {
  it.each<[where: string, document: string, ...paths: string[]]>([
    ['below a script', `{ script(id: "${scriptId}") { name ${BAD} } }`, 'script.sessions'],
    ['below a session', `{ session(id: "${sessionId}") { script { ${BAD} } } }`, 'session.script.sessions'],
    [
      'below a session that is read again',
      `{ fetch__Session(id: "${sessionId}") { script { id x: ${BAD} } } }`,
      'fetch__Session.script.x',
    ],
    ['below one of several scripts', `{ scripts(ids: ["${scriptId}"]) { ${BAD} } }`, 'scripts.0.sessions'],
    [
      'below an entity, in a fragment',
      `{ _entities(representations: [{ __typename: "Session", id: "${sessionId}" }]) { ...S } }
       fragment S on Session { ... { script { ... on Script { ${BAD} } } } }`,
      '_entities.0.script.sessions',
    ],
    [
      'after a write',
      `mutation { toggleScript(input: { id: "${scriptId}", enabled: true }) { ... on ToggleScriptSuccess { script { name ${BAD} } } } }`,
      'toggleScript.script.sessions',
    ],
    [
      'a page size',
      `{ script(id: "${scriptId}") { name sessions(first: 1000) { nodes { id } } } }`,
      'script.sessions',
    ],
    [
      'a filter',
      `{ script(id: "${scriptId}") { name sessions(filter: { jobId: "" }) { nodes { id } } } }`,
      'script.sessions',
    ],
  ])('%s', async (_where, document, ...paths) => {
    const { data, codes } = await run(document);
    expect(codes).toEqual(Object.fromEntries(paths.map((path) => [path, 'BAD_USER_INPUT'])));
    expect(JSON.stringify(data)).toMatch(/"(sessions|x)":null/);
    expect(fixture.lines().filter((line) => /\/scripts\/\w+\/sessions/.test(line))).toEqual([]);
  });

  it('a cursor of another script is one as well', async () => {
    const page = await fixture.gateway.execute<
      { script: { sessions: { pageInfo: { endCursor: string } } } },
      undefined
    >(`{ script(id: "${freeForAllScriptId}") { sessions(first: 1) { pageInfo { endCursor } } } }`);
    const { data, codes } = await run(
      `query ($after: String) { script(id: "${scriptId}") { name sessions(after: $after) { nodes { id } } } }`,
      { after: page.data?.script.sessions.pageInfo.endCursor },
    );
    expect(data).toEqual({ script: { name: 'Nightfall Hub', sessions: null } });
    expect(codes).toEqual({ 'script.sessions': 'BAD_USER_INPUT' });
  });
});
