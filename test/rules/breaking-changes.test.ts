import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BREAKS, baselineOf, breakingChanges, UNRECORDED } from '../../scripts/baseline.ts';
import { acceptSchema } from '../../scripts/schema-accept.ts';
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

describe('npm run schema:accept', () => {
  const before = `
    "Where all begins."
    type Query { script(id: ID!): Script }
    type Script { name: String!, enabled: Boolean! }
    input Filter { name: String }
    interface Refusal { message: String! }
    type TooLow implements Refusal { message: String! }
    type Gone implements Refusal { message: String! }
    union Result = TooLow | Gone
  `;
  let directory = '';
  const file = (name: string) => join(directory, 'schema', name);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-'));
    mkdirSync(join(directory, 'schema'));
    writeFileSync(file('baseline.graphql'), baselineOf(before));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const accept = (schema: string, ...flags: string[]) => {
    writeFileSync(file('schema.graphql'), schema);
    const { status, output } = acceptSchema(directory, flags);
    return { status, output, baseline: readFileSync(file('baseline.graphql'), 'utf8') };
  };

  it.each([
    ['a field that is gone', 'name: String!, ', '', 'Script.name was removed'],
    ['a field that may now be null', 'enabled: Boolean!', 'enabled: Boolean', 'Script.enabled changed type'],
    ['an argument that is now required', '(id: ID!)', '(id: ID!, at: Int!)', 'at on Query.script'],
    [
      'an input field that is now required',
      'Filter { name: String }',
      'Filter { name: String! }',
      'Filter.name',
    ],
    ['an interface that a type gives up', 'TooLow implements Refusal', 'TooLow', 'Refusal'],
    ['a union without one of its members', 'TooLow | Gone', 'TooLow', 'Gone was removed'],
  ])('refuses %s, says what to do and records nothing', (_what, old, changed, problem) => {
    const schema = before.replace(old, changed);
    expect(schema).not.toBe(before);
    const { status, output, baseline } = accept(schema);
    expect(status).toBe(1);
    expect(output).toContain(problem);
    expect(output).toContain('npm run schema:accept -- --breaking');
    expect(baseline).toBe(baselineOf(before));
  });

  it('records a break that is meant, and names it', () => {
    const schema = before.replace('name: String!, ', '');
    const { status, output, baseline } = accept(schema, '--breaking');
    expect(status).toBe(0);
    expect(output).toContain('Breaking: Script.name was removed');
    expect(baseline).toBe(baselineOf(schema));
  });

  it('records an addition, which is protected from then on', () => {
    const added = before.replace('name: String!', 'name: String!, title: String');
    expect(accept(added)).toMatchObject({ status: 0, baseline: baselineOf(added) });
    expect(accept(before)).toMatchObject({ status: 1, baseline: baselineOf(added) });
  });

  it('has nothing to record when only descriptions change', () => {
    const { status, output } = accept(before.replace('Where all begins.', 'Reads.'));
    expect(status).toBe(0);
    expect(output).toContain('up to date');
  });
});
