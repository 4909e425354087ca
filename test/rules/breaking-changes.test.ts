import { describe, expect, it } from 'vitest';
import { BREAKS, baselineOf, breakingChanges, UNRECORDED } from '../../scripts/baseline.ts';
import { textOf } from '../support/repository/repository.ts';

const committed = (name: string) => textOf(`schema/${name}`);

describe('the public schema', () => {
  const schema = committed('schema.graphql');
  const baseline = committed('baseline.graphql');

  it('breaks nothing that the baseline promises', () => {
    expect(breakingChanges(baseline, schema), BREAKS).toEqual([]);
  });

  it('is promised as a whole by the baseline', () => {
    expect(baseline, UNRECORDED).toBe(baselineOf(schema));
  });
});

it('a change that breaks a client is found', () => {
  const before = 'type Query { script(id: ID!): Script } type Script { name: String!, enabled: Boolean! }';
  const broken = [
    before.replace('name: String!, ', ''),
    before.replace('enabled: Boolean!', 'enabled: Boolean'),
    before.replace('(id: ID!)', '(id: ID!, at: Int!)'),
  ];
  expect(broken.map((schema) => breakingChanges(baselineOf(before), schema))).toEqual([
    [expect.stringContaining('Script.name was removed')],
    [expect.stringContaining('Script.enabled changed type')],
    [expect.stringContaining('at on Query.script')],
  ]);
  const added = before.replace('name: String!', 'name: String!, title: String');
  expect(breakingChanges(baselineOf(before), added)).toEqual([]);
});
