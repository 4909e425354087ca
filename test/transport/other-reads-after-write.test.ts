import { afterEach, beforeEach, expect, it } from 'vitest';
import { a, read } from '../../src/luaauth/endpoint.ts';
import { project, removeProject } from '../../src/luaauth/projects.ts';
import { listsOf } from '../../src/luaauth/resource.ts';
import { script, toggleScript } from '../../src/luaauth/scripts.ts';
import { createTransport, type Transport } from '../../src/transport/transport.ts';
import { Usage } from '../../src/transport/usage.ts';
import { json, startRecorder } from '../support/api/recorder.ts';

// Reads that exist in this test alone: no write has heard of them.
const countNotes = read('GET /projects/:project_id/notes', {
  answer: (_about, { notes }) => notes,
  partOf: [project],
  freshFor: 'projects',
});
const listNotes = read('GET /notes', {
  payload: a<{ limit: number }>(),
  answer: (_about, { notes }) => notes,
  partOf: [listsOf(project), listsOf(script)],
  freshFor: 'projects',
});

let recorder: Awaited<ReturnType<typeof startRecorder>>;
let transport: Transport;
let notes = 0;

beforeEach(async () => {
  notes = 0;
  recorder = await startRecorder((_recorded, response) => {
    notes += 1;
    json(response, { success: true, notes });
  });
  transport = createTransport({
    url: new URL(recorder.url),
    userAgent: 'luaauth-graphql/test',
    freshMs: 3_600_000,
  });
});

afterEach(async () => {
  await transport.close();
  await recorder.close();
});

const accessOf = (account: string) => ({
  ask: transport.ask,
  clock: transport.clock,
  origin: { key: account, account, caller: '' },
  usage: new Usage(),
  signal: undefined,
  timeouts: { read: 10_000, write: 10_000 },
  deadline: Number.MAX_SAFE_INTEGER,
});

it('a read that no write knows is made anew after a write to what it is part of', async () => {
  const access = accessOf('a');
  const readAll = () =>
    Promise.all([
      countNotes(access, { project_id: 'p' }),
      countNotes(access, { project_id: 'q' }),
      listNotes(access, {}, { limit: 1 }),
    ]);
  expect(await readAll()).toEqual(await readAll());
  expect(recorder.calls).toHaveLength(3);
  await removeProject(access, { project_id: 'p' });
  recorder.calls.length = 0;
  await readAll();
  expect(recorder.lines().toSorted()).toEqual(['GET /notes?limit=1', 'GET /projects/p/notes']);
});

it('and a list after a write to any of what it lists, of the same account', async () => {
  const [one, other] = [accessOf('a'), accessOf('b')];
  const readBoth = () => Promise.all([one, other].map((access) => listNotes(access, {}, { limit: 1 })));
  await readBoth();
  await toggleScript(one, { script_id: 'whichever' }, { state: true });
  recorder.calls.length = 0;
  await readBoth();
  expect(recorder.calls.map(({ headers }) => headers.token)).toEqual(['a']);
});
