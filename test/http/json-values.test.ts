import { assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasMoreValues } from '../../src/base/json.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

/** Commas and opening brackets of a value's JSON, counted from the value. */
function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  return (
    1 + Math.max(0, children.length - 1) + children.reduce((sum: number, child) => sum + count(child), 0)
  );
}

describe('the values in a text of JSON', () => {
  it('are counted as they are there, whatever its strings hold', () => {
    assert(
      property(jsonValue(), (value) => {
        // Room for every count, so that no text is too short to be looked at.
        const text = JSON.stringify(value) + ' '.repeat(1_000);
        const most = count(value);
        expect(hasMoreValues(text, most)).toBe(false);
        if (most > 0) expect(hasMoreValues(text, most - 1)).toBe(true);
      }),
    );
  });

  it.each([
    ['"a,b,c[{"', 0],
    [String.raw`"\",,,"`, 0],
    [String.raw`"\\",,,`, 3],
    [String.raw`"\\\",,,"`, 0],
    ['",,,,', 0],
    ['"\\', 0],
    ['[[[[', 4],
    ['', 0],
  ])('in %j are %i', (text, values) => {
    const padded = text + ' '.repeat(100);
    expect(hasMoreValues(padded, values)).toBe(false);
    expect(values === 0 || hasMoreValues(padded, values - 1)).toBe(true);
  });
});

describe('a request of megabytes', () => {
  const fixture = useSandbox({ shared: true });
  const post = async (variables: string) => {
    const body = `{"query":"{ __typename }","variables":{"a":${variables}}}`;
    const response = await fetch(`${fixture.gateway.url}/graphql`, jsonTextPost(body));
    return { status: response.status, ...((await response.json()) as object) };
  };
  const listOf = (value: string, times: number) => `[${Array(times).fill(value).join(',')}]`;

  it.each(['{}', '[]', '1', '"a"', '{"k":1}', '{"a":{"b":[1]}}'])(
    'is refused before its values are made: many times %s',
    async (value) => {
      expect(await post(listOf(value, Math.floor(4_000_000 / (value.length + 1))))).toMatchObject({
        status: 400,
        errors: [{ message: 'The body holds more than 110000 values. Send fewer values at once.' }],
      });
    },
  );

  it('is taken when it is one of few large ones', async () => {
    const source = JSON.stringify('a,[{"'.repeat(600_000));
    expect(await post(source)).toMatchObject({ status: 200, data: { __typename: 'Query' } });
    expect(await post(listOf('"a"', 109_000))).toMatchObject({ status: 200 });
  });
});
