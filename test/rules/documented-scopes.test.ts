import { expect, it } from 'vitest';
import { SCOPES } from '../../src/callers/scopes.ts';
import { textOf } from '../support/repository/repository.ts';

it('the page of keys says of each scope what it is for', () => {
  const [, table = ''] = textOf('docs/keys-for-a-team.md').split('| scope | for |');
  const [rows = ''] = table.split('\n\n');
  const documented = [...rows.matchAll(/^\| `([\w:]+)` \|/gm)].map(([, scope]) => scope);
  expect(documented).toEqual([...SCOPES]);
});
