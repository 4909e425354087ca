import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { DELETE, EDIT, TOGGLE, UPDATE } from '../support/clients/mutations.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });

const { scriptId } = seeded;

const BY_ID = 'query ($id: ID!) { script(id: $id) { id } }';

const FILTERED = graphql(`
  query Filtered($id: ID!, $filter: SessionFilter) {
    script(id: $id) {
      sessions(filter: $filter) {
        nodes {
          id
        }
      }
    }
  }
`);

describe('a filter value', () => {
  const FIELDS = [
    ['userKey', 'key'],
    ['robloxId', 'roblox_id'],
    ['placeId', 'place_id'],
    ['jobId', 'job_id'],
  ] as const;
  /** `input.property.test.ts` has any text, for one of the fields. */
  const VALUES = ['a&limit=1000#?from=1', ' a+b %26 "\'`\\\r\n\0', 'naïve 🌒 日本語', 'x'.repeat(512)];

  it.each(VALUES)('is exactly one query parameter, intact: %j', async (value) => {
    for (const [field, parameter] of FIELDS) {
      fixture.sandbox.reset();
      await fixture.gateway.execute(FILTERED, { id: scriptId, filter: { [field]: value } });
      const [, target = ''] = fixture.lines().at(-1)?.split(' ') ?? [];
      const url = new URL(target, fixture.sandbox.url);
      expect(url.pathname).toBe(`/scripts/${scriptId}/sessions/filter`);
      expect(url.hash).toBe('');
      expect([...url.searchParams]).toEqual([
        ['from', '0'],
        ['limit', '51'],
        [parameter, value],
      ]);
      // Nothing that means something else to a parser less strict than URL.
      expect(target).toMatch(/^[\x21-\x7e]+$/);
      expect(target).not.toMatch(/[+"<>\\^`{|}]/);
    }
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(513)],
    ['broken at a surrogate', 'a\ud800b'],
  ])('that is %s is refused before any session is asked for', async (_what, value) => {
    for (const [field] of FIELDS) {
      const { data, errors } = await fixture.gateway.execute(FILTERED, {
        id: scriptId,
        filter: { [field]: value },
      });
      expect(data).toEqual({ script: { sessions: null } });
      expect(errors).toMatchObject([
        expect.toBeError('BAD_USER_INPUT', {
          message: expect.stringMatching(new RegExp(`^filter\\.${field}: it has `)),
          path: ['script', 'sessions'],
          argument: `filter.${field}`,
        }),
      ]);
      expect(errors?.[0]?.message).not.toContain('xxx');
      expect(fixture.lines().filter((line) => line.includes('sessions'))).toEqual([]);
    }
  });
});

describe('a setting', () => {
  it.each(['name', 'freeForAll', 'useHeartbeat', 'kickOutdated', 'requireSessions'])(
    'cannot be cleared: null for %s is refused before anything is called',
    async (field) => {
      const input = { id: scriptId, useHeartbeat: true, [field]: null };
      const { errors } = await fixture.gateway.execute(EDIT, { input });
      expect(errors).toMatchObject([
        expect.toBeError('BAD_USER_INPUT', {
          message: `input.${field}: null is not allowed. Leave the field out to keep it as it is.`,
          path: ['editScript'],
          argument: `input.${field}`,
        }),
      ]);
      expect(fixture.lines()).toEqual([]);
    },
  );

  it('cannot be cleared: an empty name, which LuaAuth would take for null, is refused', async () => {
    const { errors } = await fixture.gateway.execute(EDIT, { input: { id: scriptId, name: '' } });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', {
        message: 'input.name: it is empty. Give at least one character.',
        path: ['editScript'],
        argument: 'input.name',
      }),
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('that could not be read again is refused: a name or a reason of more than 4096 characters', async () => {
    const edited = await fixture.gateway.execute(EDIT, { input: { id: scriptId, name: 'x'.repeat(4_097) } });
    const blacklisted = await fixture.gateway.execute<unknown, object>(
      'mutation ($reason: String) { blacklistUser(input: { key: "a", reason: $reason }) { __typename } }',
      { reason: 'x'.repeat(4_097) },
    );
    for (const [{ errors }, argument] of [
      [edited, 'input.name'] as const,
      [blacklisted, 'input.reason'] as const,
    ])
      expect(errors).toMatchObject([
        expect.toBeError('BAD_USER_INPUT', {
          message: `${argument}: it has 4097 characters. At most 4096 are allowed.`,
          argument,
        }),
      ]);
    expect(fixture.lines()).toEqual([]);
    const { data } = await fixture.gateway.execute(EDIT, {
      input: { id: scriptId, name: 'x'.repeat(4_096) },
    });
    expect(data?.editScript.__typename).toBe('EditScriptSuccess');
  });

  it('that a variable leaves out is left out', async () => {
    const { data } = await fixture.gateway.execute<unknown, object>(
      `mutation ($name: String, $kick: Boolean) {
        editScript(input: { id: "${scriptId}", name: $name, kickOutdated: $kick }) { __typename }
      }`,
      { kick: true },
    );
    expect(data).toEqual({ editScript: { __typename: 'EditScriptSuccess' } });
    expect(fixture.sandbox.calls.map(({ text }) => text)).toEqual(['{"kick_outdated":true}']);
  });

  it('with a lone surrogate is refused and not quoted', async () => {
    const { errors } = await fixture.gateway.execute(EDIT, { input: { id: scriptId, name: 'secret\udc00' } });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', { path: ['editScript'], argument: 'input.name' }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(fixture.lines()).toEqual([]);
  });
});

describe('a source', () => {
  it.each([
    ['is empty', '', /it is empty/],
    ['has a lone surrogate', 'print("secret")\ud83c', /lone UTF-16 surrogate/],
  ])('that %s is refused and not quoted', async (_what, source, message) => {
    const { errors } = await fixture.gateway.execute(UPDATE, { input: { id: scriptId, source } });
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', {
        message: expect.stringMatching(message),
        path: ['updateScript'],
        argument: 'input.source',
      }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    ['null', null],
    ['a number', 5],
    ['an object', { secret: 1 }],
  ])('that is %s is refused before anything is called', async (_what, source) => {
    const { data, errors } = await fixture.gateway.execute(UPDATE, {
      input: { id: scriptId, source: source as unknown as string },
    });
    expect(data).toBeUndefined();
    expect(errors?.[0]?.message).toContain('input.source');
    expect(fixture.lines()).toEqual([]);
  });
});

describe('an id that is a JSON number above 2^53', () => {
  const id = (2 ** 53) as unknown as string;
  const refused = {
    message: expect.stringMatching(/must be sent as a string/),
    extensions: { code: 'BAD_USER_INPUT' },
  };

  it('is rejected wherever an id can stand, never rounded', async () => {
    const results = [
      await fixture.gateway.execute<unknown, object>(BY_ID, { id }),
      await fixture.gateway.execute(EDIT, { input: { id, name: 'x' } }),
      await fixture.gateway.execute(UPDATE, { input: { id, source: 'x' } }),
      await fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }),
      await fixture.gateway.execute(DELETE, { input: { id } }),
      await fixture.gateway.execute(FILTERED, { id: scriptId, filter: { robloxId: id } }),
      await fixture.gateway.execute(FILTERED, { id: scriptId, filter: { placeId: id } }),
      await fixture.gateway.execute<unknown, object>('query ($ids: [ID!]!) { scripts(ids: $ids) { id } }', {
        ids: [scriptId, id],
      }),
    ];
    for (const { data, errors } of results) {
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([refused]);
    }
    expect(fixture.lines()).toEqual([]);
  });

  it('is told from a number that is no whole one', async () => {
    const { errors } = await fixture.gateway.execute<unknown, object>(BY_ID, { id: 5.5 });
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/\$id: An ID must be sent as a string\.$/) },
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('is taken as text, and as a number in the document', async () => {
    await fixture.gateway.execute(FILTERED, { id: scriptId, filter: { robloxId: '9007199254740993' } });
    await fixture.gateway.execute(
      `{ script(id: "${scriptId}") { sessions(filter: { robloxId: 9007199254740993 }) { nodes { id } } } }`,
    );
    const filter = `GET /scripts/${scriptId}/sessions/filter?from=0&limit=51&roblox_id=9007199254740993`;
    expect(fixture.lines().filter((line) => line.includes('filter'))).toEqual([filter, filter]);
  });
});
