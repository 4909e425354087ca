import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../generated/index.ts';
import { DELETE, EDIT, TOGGLE, UPDATE } from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { scriptId, idleScriptId } = seeded;

const EDIT_AND_READ = graphql(/* GraphQL */ `
  mutation EditAndRead($input: EditScriptInput!) {
    editScript(input: $input) {
      ... on EditScriptSuccess {
        script {
          name
          freeForAll
          useHeartbeat
          kickOutdated
          requireSessions
        }
      }
    }
  }
`);

const UPDATE_AND_READ = graphql(/* GraphQL */ `
  mutation UpdateAndRead($input: UpdateScriptInput!) {
    updateScript(input: $input) {
      ... on UpdateScriptSuccess {
        script {
          id
          name
        }
      }
    }
  }
`);

const TOGGLE_AND_READ = graphql(/* GraphQL */ `
  mutation ToggleAndRead($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      ... on ToggleScriptSuccess {
        script {
          enabled
        }
      }
    }
  }
`);

const writes = () => fixture.sandbox.calls.map(({ method, path, body }) => ({ method, path, body }));

describe('editScript', () => {
  it('sends what is given, under its wire name, and nothing else', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT, {
      input: {
        id: scriptId,
        name: 'Nightfall "Hub" \u2028 🌒',
        freeForAll: true,
        useHeartbeat: false,
        kickOutdated: true,
        requireSessions: false,
      },
    });
    expect({ data, errors }).toEqual({
      data: { editScript: { __typename: 'EditScriptSuccess' } },
      errors: undefined,
    });
    expect(writes()).toEqual([
      {
        method: 'POST',
        path: `/scripts/${scriptId}/edit`,
        body: {
          name: 'Nightfall "Hub" \u2028 🌒',
          free_for_all: true,
          use_heartbeat: false,
          kick_outdated: true,
          require_sessions: false,
        },
      },
    ]);
  });

  it.each([
    [{ name: 'Renamed' }, { name: 'Renamed' }],
    [{ freeForAll: false }, { free_for_all: false }],
    [{ useHeartbeat: false }, { use_heartbeat: false }],
    [{ kickOutdated: true }, { kick_outdated: true }],
    [{ requireSessions: false }, { require_sessions: false }],
  ])('leaves out what is absent: %j', async (given, sent) => {
    const before = { ...fixture.sandbox.scripts.get(scriptId) };
    await fixture.gateway.execute(EDIT, { input: { id: scriptId, ...given } });
    expect(fixture.sandbox.calls.map(({ body }) => body)).toEqual([sent]);
    expect(fixture.sandbox.scripts.get(scriptId)).toEqual({ ...before, ...sent });
  });

  it('answers the script as it is after the edit', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_READ, {
      input: { id: scriptId, name: 'Renamed', kickOutdated: true },
    });
    expect(errors).toBeUndefined();
    expect(data?.editScript).toEqual({
      script: {
        name: 'Renamed',
        freeForAll: false,
        useHeartbeat: true,
        kickOutdated: true,
        requireSessions: true,
      },
    });
  });

  it('says itself that there is nothing to edit', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT, { input: { id: scriptId } });
    expect(errors).toBeUndefined();
    expect(data?.editScript).toEqual({
      __typename: 'NothingToEdit',
      message:
        'cannot edit nothing: give at least one of name, freeForAll, useHeartbeat, kickOutdated, requireSessions',
    });
    expect(fixture.lines()).toEqual([]);
  });

  it('is AccountExpired for an account that has expired', async () => {
    const input = { id: scriptId, name: 'Renamed' };
    const { data, errors } = await fixture.gateway.execute(EDIT, { input }, { token: sandboxKeys.expired });
    expect(errors).toBeUndefined();
    expect(data?.editScript).toEqual({ __typename: 'AccountExpired', message: 'account expired' });
  });

  it('is TierTooLow for a tier without free-for-all mode', async () => {
    const input = { id: scriptId, freeForAll: true };
    const { data, errors } = await fixture.gateway.execute(EDIT, { input }, { token: sandboxKeys.basic });
    expect(errors).toBeUndefined();
    expect(data?.editScript).toEqual({ __typename: 'TierTooLow', message: 'tier does not allow ffa mode' });
  });

  it('is NotPermitted for a script that this account does not have', async () => {
    const { data, errors } = await fixture.gateway.execute(EDIT, {
      input: { id: 'unknown', name: 'Renamed' },
    });
    expect(errors).toBeUndefined();
    expect(data?.editScript).toEqual({
      __typename: 'NotPermitted',
      message: 'unauthorized or invalid request',
      reasons: ['script does not exist or is not yours'],
    });
  });
});

describe('updateScript', () => {
  const sources: [what: string, source: string][] = [
    ['quotes and backslashes', `print("it's \\"quoted\\"") -- \\u0041 \\n`],
    ['line and paragraph separators', 'a\u2028b\u2029c\r\nd\re'],
    ['NUL and other control characters', 'a\0b\x01\x1b[31m\x7f\u0085'],
    ['emoji and combining marks', '🧑‍🚀 e\u0301 \u{10ffff} \ufeff'],
    ['what JSON.parse could take for a prototype', '{"__proto__": {"polluted": true}}'],
    ['one space', ' '],
    ['1 MB', 'local x = "🌒" -- '.repeat(60_000).slice(0, 1024 * 1024)],
  ];

  it.each(sources)('sends %s character for character', async (_what, source) => {
    const { data, errors } = await fixture.gateway.execute(UPDATE, { input: { id: scriptId, source } });
    expect({ data, errors }).toEqual({
      data: { updateScript: { __typename: 'UpdateScriptSuccess' } },
      errors: undefined,
    });
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/update`]);
    const { script, ...rest } = JSON.parse(fixture.sandbox.calls[0]?.text ?? '');
    expect(rest).toEqual({});
    expect(sha256(script)).toBe(sha256(source));
    expect(fixture.sandbox.sources.get(scriptId)?.sha256).toBe(sha256(source));
  });

  it('sends a source that stands in the document the same', async () => {
    await fixture.gateway.execute(
      `mutation { updateScript(input: { id: "${scriptId}", source: """print("hi")
        return 1""" }) { __typename } }`,
    );
    expect(fixture.sandbox.calls.map(({ body }) => body)).toEqual([{ script: 'print("hi")\nreturn 1' }]);
  });

  it('answers the script after the update', async () => {
    const { data, errors } = await fixture.gateway.execute(UPDATE_AND_READ, {
      input: { id: scriptId, source: 'return 1' },
    });
    expect(errors).toBeUndefined();
    expect(data?.updateScript).toEqual({ script: { id: scriptId, name: 'Nightfall Hub' } });
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/update`, `GET /scripts/${scriptId}`]);
  });
});

describe('toggleScript', () => {
  it.each([true, false])('sends the state %s and sets it rather than flips it', async (enabled) => {
    const input = { id: scriptId, enabled };
    await fixture.gateway.execute(TOGGLE, { input });
    const { data, errors } = await fixture.gateway.execute(TOGGLE_AND_READ, { input });
    expect(errors).toBeUndefined();
    expect(data?.toggleScript).toEqual({ script: { enabled } });
    const write = { method: 'POST', path: `/scripts/${scriptId}/toggle`, body: { state: enabled } };
    expect(writes()).toEqual([
      write,
      write,
      { method: 'GET', path: `/scripts/${scriptId}`, body: undefined },
    ]);
  });
});

describe('deleteScript', () => {
  it('removes the script with a call that has no body', async () => {
    const { data, errors } = await fixture.gateway.execute(DELETE, { input: { id: idleScriptId } });
    expect({ data, errors }).toEqual({
      data: { deleteScript: { __typename: 'DeleteScriptSuccess', deletedScriptId: idleScriptId } },
      errors: undefined,
    });
    expect(fixture.sandbox.calls.map(({ method, path, text }) => ({ method, path, text }))).toEqual([
      { method: 'POST', path: `/scripts/${idleScriptId}/remove`, text: '' },
    ]);
    expect(fixture.sandbox.scripts.has(idleScriptId)).toBe(false);
  });

  it('is NotPermitted the second time', async () => {
    await fixture.gateway.execute(DELETE, { input: { id: idleScriptId } });
    const { data, errors } = await fixture.gateway.execute(DELETE, { input: { id: idleScriptId } });
    expect(errors).toBeUndefined();
    expect(data?.deleteScript).toMatchObject({
      __typename: 'NotPermitted',
      reasons: ['script does not exist or is not yours'],
    });
  });
});

describe('writes of one operation', () => {
  it('are carried out one after the other, a refused one does not stop the next', async () => {
    const { data, errors } = await fixture.gateway.execute(
      `mutation {
        a: toggleScript(input: { id: "${scriptId}", enabled: false }) { __typename }
        b: editScript(input: { id: "unknown", name: "x" }) { __typename }
        c: editScript(input: { id: "${scriptId}", name: "C" }) { ... on EditScriptSuccess { script { name enabled } } }
        d: deleteScript(input: { id: "${scriptId}" }) { __typename }
        e: toggleScript(input: { id: "${scriptId}", enabled: true }) { __typename }
      }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      a: { __typename: 'ToggleScriptSuccess' },
      b: { __typename: 'NotPermitted' },
      c: { script: { name: 'C', enabled: false } },
      d: { __typename: 'DeleteScriptSuccess' },
      e: { __typename: 'NotPermitted' },
    });
    expect(fixture.lines()).toEqual([
      `POST /scripts/${scriptId}/toggle`,
      'POST /scripts/unknown/edit',
      `POST /scripts/${scriptId}/edit`,
      `GET /scripts/${scriptId}`,
      `POST /scripts/${scriptId}/remove`,
      `POST /scripts/${scriptId}/toggle`,
    ]);
  });

  it('end with the first write that fails: earlier writes were carried out, later writes are not sent', async () => {
    const write = (id: string) => `toggleScript(input: { id: "${id}", enabled: false }) { __typename }`;
    const { data, errors } = await fixture.gateway.execute(
      `mutation { a: ${write(scriptId)} b: ${write('..')} c: ${write(scriptId)} }`,
    );
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', { path: ['b'], outcome: 'NOT_EXECUTED' }),
    ]);
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/toggle`]);
  });

  it('never show an older entry: each reads the script again after its own write', async () => {
    const { data, errors } = await fixture.gateway.execute(
      `mutation {
        a: editScript(input: { id: "${scriptId}", name: "A" }) { ... on EditScriptSuccess { script { name } } }
        b: editScript(input: { id: "${scriptId}", name: "B" }) { ... on EditScriptSuccess { script { name } } }
      }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ a: { script: { name: 'A' } }, b: { script: { name: 'B' } } });
    const [edit, read] = [`POST /scripts/${scriptId}/edit`, `GET /scripts/${scriptId}`];
    expect(fixture.lines()).toEqual([edit, read, edit, read]);
  });

  it('nor does the script that the sessions of a script lead back to', async () => {
    const selection = 'script { sessions(first: 1) { nodes { script { name } } } }';
    const { data, errors } = await fixture.gateway.execute(
      `mutation {
        a: editScript(input: { id: "${scriptId}", name: "A" }) { ... on EditScriptSuccess { ${selection} } }
        b: editScript(input: { id: "${scriptId}", name: "B" }) { ... on EditScriptSuccess { ${selection} } }
      }`,
    );
    expect(errors).toBeUndefined();
    const written = (name: string) => ({ script: { sessions: { nodes: [{ script: { name } }] } } });
    expect(data).toEqual({ a: written('A'), b: written('B') });
    const [edit, read] = [`POST /scripts/${scriptId}/edit`, `GET /scripts/${scriptId}`];
    const page = `POST /scripts/${scriptId}/sessions`;
    expect(fixture.lines()).toEqual([edit, read, page, edit, read, page]);
  });

  it('leave the success visible when only the re-read fails', async () => {
    fixture.sandbox.fault({
      kind: 'failure',
      code: -1,
      message: 'unauthorized or invalid request',
      route: 'GET /scripts/:script_id',
    });
    const { data, errors } = await fixture.gateway.execute(EDIT_AND_READ, {
      input: { id: scriptId, name: 'Renamed' },
    });
    expect(data).toEqual({ editScript: { script: null } });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['editScript', 'script'] })]);
    expect(fixture.sandbox.scripts.get(scriptId)?.name).toBe('Renamed');
  });

  it('leave the success visible when the script that is read again is not usable', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      body: '{"success": true, "script": {}}',
      route: 'GET /scripts/:script_id',
    });
    const { data, errors } = await fixture.gateway.execute(TOGGLE_AND_READ, {
      input: { id: scriptId, enabled: false },
    });
    expect(data).toEqual({ toggleScript: { script: null } });
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['toggleScript', 'script', 'enabled'] }),
    ]);
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
