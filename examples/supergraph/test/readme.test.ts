import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startBothWays } from './support/both-ways.ts';

let ways: Awaited<ReturnType<typeof startBothWays>>;
before(async () => {
  ways = await startBothWays();
});
after(() => ways.stop());

test('the answer to the supergraph query in README.md is true', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const query = /4003\/graphql[\s\S]*?^```graphql\n([\s\S]*?)^```\n\n```json\n([\s\S]*?)^```/m.exec(readme);
  assert.ok(query, 'there is no query with an answer');
  assert.deepEqual(await ways.supergraph({ query: query[1] ?? '' }), JSON.parse(query[2] ?? ''));
});
