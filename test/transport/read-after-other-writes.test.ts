import { describe, expect, it } from 'vitest';
import { createVersions } from '../support/api/versions.ts';
import {
  BLACKLIST,
  DELETE,
  DELETE_PROJECT,
  EDIT,
  EDIT_PROJECT,
  EDIT_USER,
  TOGGLE,
  UNBLACKLIST,
  UPDATE,
} from '../support/clients/mutations.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

// Time stands still: every copy is fresh for as long as nothing makes it old.
const clock = createManualClock();
const fixture = useRecorder({ transport: { clock, random: () => 0, freshMs: 1_000, staleMs: 60_000 } });
const KEY = { token: 'key-a' };

const run = (document: string, variables = {}) =>
  fixture.gateway.execute<unknown, object>(document, variables, KEY);

/** The versions that an answer shows, each once. */
function versionsIn({ data, errors }: Result<unknown>): string[] {
  expect(errors).toBeUndefined();
  return [...new Set(JSON.stringify(data).match(/v\d+/g))].sort();
}

const PROJECT_READS = `{
  project(id: "p") { name executions { date } scripts { name } }
  _entities(representations: [{ __typename: "Project", id: "p" }]) { ... on Project { name } }
}`;
const PROJECT_OF_SCRIPT = '{ script(id: "s") { project { name } } }';
const EXECUTIONS = '{ script(id: "t") { executions { date } } }';
const USER_READS = `{
  user(key: "u") { executor }
  users(keys: ["u"]) { executor }
  _entities(representations: [{ __typename: "User", key: "u" }]) { ... on User { executor } }
}`;

describe('a read that starts after a write to a project was accepted', () => {
  const WRITES = [
    {
      name: 'editProject',
      write: (id: string) => fixture.gateway.execute(EDIT_PROJECT, { input: { id, name: 'x' } }, KEY),
    },
    {
      name: 'deleteProject',
      write: (id: string) => fixture.gateway.execute(DELETE_PROJECT, { input: { id } }, KEY),
    },
  ];

  it.each(WRITES)('($name) is never older, of the project and of its executions', async ({ write }) => {
    fixture.respond = createVersions().answer;
    expect(versionsIn(await run(PROJECT_READS))).toEqual(['v1']);
    expect(versionsIn(await run(PROJECT_READS))).toEqual(['v1']);
    await expectCalls(fixture.recorder, 2);
    expect((await write('p')).errors).toBeUndefined();
    expect(versionsIn(await run(PROJECT_READS))).toEqual(['v2']);
    await expectCalls(fixture.recorder, 5);
    // A read after the write is cached again.
    expect(versionsIn(await run(PROJECT_READS))).toEqual(['v2']);
    await expectCalls(fixture.recorder, 5);
  });

  it.each(WRITES)("($name) is never older, of a script's project", async ({ write }) => {
    fixture.respond = createVersions().answer;
    expect(versionsIn(await run(PROJECT_OF_SCRIPT))).toEqual(['v1']);
    await write('project');
    expect(versionsIn(await run(PROJECT_OF_SCRIPT))).toEqual(['v2']);
    // The script itself is as before.
    expect(fixture.recorder.lines().filter((line) => line === 'GET /scripts/s')).toHaveLength(1);
  });

  it('does not show a script of another project', async () => {
    fixture.respond = createVersions().answer;
    await run('{ project(id: "other") { name } }');
    await WRITES[0]?.write('p');
    expect(versionsIn(await run('{ project(id: "other") { name } }'))).toEqual(['v1']);
  });
});

describe('a read that starts after a write to a script was accepted', () => {
  it.each([
    ['editScript', () => fixture.gateway.execute(EDIT, { input: { id: 't', name: 'x' } }, KEY)],
    ['deleteScript', () => fixture.gateway.execute(DELETE, { input: { id: 't' } }, KEY)],
  ])('(%s) is never older, of its executions and of the list of scripts', async (_name, write) => {
    fixture.respond = createVersions().answer;
    expect(versionsIn(await run(EXECUTIONS))).toEqual(['v1']);
    expect(versionsIn(await run('{ project(id: "p") { scripts { name } } }'))).toEqual(['v1']);
    expect((await write()).errors).toBeUndefined();
    expect(versionsIn(await run(EXECUTIONS))).toEqual(['v2']);
    expect(versionsIn(await run('{ project(id: "p") { scripts { name } } }'))).toEqual(['v2']);
  });
});

describe("the executions of another API key's projects", () => {
  const LISTING = '{ project(id: "p") { id executions { date } scripts { name } } }';
  const read = (token: string) => fixture.gateway.execute(LISTING, {}, { token });

  it.each([
    ['editScript', () => fixture.gateway.execute(EDIT, { input: { id: 't', name: 'x' } }, KEY)],
    ['updateScript', () => fixture.gateway.execute(UPDATE, { input: { id: 't', source: 'x' } }, KEY)],
    ['toggleScript', () => fixture.gateway.execute(TOGGLE, { input: { id: 't', enabled: true } }, KEY)],
    ['deleteScript', () => fixture.gateway.execute(DELETE, { input: { id: 't' } }, KEY)],
  ])('stay as they are when %s of a script of this one is accepted', async (_name, write) => {
    fixture.respond = createVersions().answer;
    for (const token of ['key-a', 'key-b']) expect(versionsIn(await read(token))).toEqual(['v1']);
    expect((await write()).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 5);
    expect(versionsIn(await read('key-b'))).toEqual(['v1']);
    await expectCalls(fixture.recorder, 5);
    expect(versionsIn(await read('key-a'))).toEqual(['v2']);
    await expectCalls(fixture.recorder, 6);
  });
});

describe('a read that starts after a write to a user was accepted', () => {
  const WRITES = [
    ['editUser', () => fixture.gateway.execute(EDIT_USER, { input: { key: 'u', note: 'x' } }, KEY)],
    ['blacklistUser', () => fixture.gateway.execute(BLACKLIST, { input: { key: 'u' } }, KEY)],
    ['unblacklistUser', () => fixture.gateway.execute(UNBLACKLIST, { input: { key: 'u' } }, KEY)],
  ] as const;

  it.each(WRITES)('(%s) is never older, by any field that leads to the user', async (_name, write) => {
    fixture.respond = createVersions().answer;
    expect(versionsIn(await run(USER_READS))).toEqual(['v1']);
    await run('{ user(key: "other") { executor } }');
    await expectCalls(fixture.recorder, 2);
    expect((await write()).errors).toBeUndefined();
    expect(versionsIn(await run(USER_READS))).toEqual(['v2']);
    expect(versionsIn(await run(USER_READS))).toEqual(['v2']);
    expect(versionsIn(await run('{ user(key: "other") { executor } }'))).toEqual(['v1']);
    await expectCalls(fixture.recorder, 4);
  });
});
