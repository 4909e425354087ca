import { describe, expect, it } from 'vitest';
import {
  createAdSystem,
  editAdSystem,
  getAdProviders,
  getAdSystem,
  getAdSystems,
} from '../../src/luaauth/ads.ts';
import type { Access } from '../../src/luaauth/api.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { getExecutions, getProjectExecutions } from '../../src/luaauth/executions.ts';
import { sendMessage } from '../../src/luaauth/messages.ts';
import { editProject, getProject, removeProject } from '../../src/luaauth/projects.ts';
import {
  editScript,
  getScript,
  removeScript,
  toggleScript,
  updateScript,
} from '../../src/luaauth/scripts.ts';
import {
  disconnectSession,
  disconnectSessions,
  filterSessions,
  getSession,
  getSessions,
} from '../../src/luaauth/sessions.ts';
import { blacklistUser, editUser, getUser, unblacklistUser } from '../../src/luaauth/users.ts';
import { createVersions, marksIn } from '../support/api/versions.ts';
import { graphql } from '../support/clients/graphql.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { createTransportScene } from './transport-scene.ts';

const cached = { freshMs: 1_000, staleMs: 60_000 };
const WINDOW_MS = 1_002;

const a = { script_id: 'a' };
const p = { project_id: 'p' };
const u = { user_key: 'u' };
const x = { system_id: 'x' };
const s = { session_id: 's' };

const READS: Readonly<Record<string, (access: Access) => Promise<unknown>>> = {
  'script a': (access) => getScript(access, a),
  'executions of a': (access) => getExecutions(access, a),
  'sessions of a': (access) => getSessions(access, a, { from: 0, limit: 1 }),
  'some sessions of a': (access) => filterSessions(access, a, { from: 0, limit: 1, job_id: 'j' }),
  'script b': (access) => getScript(access, { script_id: 'b' }),
  'project p': (access) => getProject(access, p),
  'executions of p': (access) => getProjectExecutions(access, p),
  'project q': (access) => getProject(access, { project_id: 'q' }),
  'session s': (access) => getSession(access, s),
  'session t': (access) => getSession(access, { session_id: 't' }),
  'user u': (access) => getUser(access, u),
  'user v': (access) => getUser(access, { user_key: 'v' }),
  'ad system x': (access) => getAdSystem(access, x),
  'ad system y': (access) => getAdSystem(access, { system_id: 'y' }),
  'ad systems': (access) => getAdSystems(access, {}),
  'ad providers': (access) => getAdProviders(access, {}),
};

const OF_SCRIPT = ['script a', 'executions of a', 'sessions of a', 'some sessions of a', 'executions of p'];
const OF_PROJECT = ['project p', 'executions of p', 'ad systems'];

/** Each write, and the reads that show what it has changed. */
const WRITES: readonly [
  route: string,
  write: (access: Access) => Promise<unknown>,
  shownBy: readonly string[],
][] = [
  [editScript.route, (access) => editScript(access, a, { name: 'new' }), OF_SCRIPT],
  [updateScript.route, (access) => updateScript(access, a, { script: 'print(1)' }), OF_SCRIPT],
  [toggleScript.route, (access) => toggleScript(access, a, { state: true }), OF_SCRIPT],
  [removeScript.route, (access) => removeScript(access, a), OF_SCRIPT],
  [editProject.route, (access) => editProject(access, p, { name: 'new' }), OF_PROJECT],
  [removeProject.route, (access) => removeProject(access, p), OF_PROJECT],
  [editUser.route, (access) => editUser(access, u, { note: 'new' }), ['user u']],
  [blacklistUser.route, (access) => blacklistUser(access, u, {}), ['user u']],
  [unblacklistUser.route, (access) => unblacklistUser(access, u), ['user u']],
  [createAdSystem.route, (access) => createAdSystem(access, {}, { ...p, name: 'new' }), ['ad systems']],
  [editAdSystem.route, (access) => editAdSystem(access, x, { name: 'new' }), ['ad system x', 'ad systems']],
  [
    disconnectSession.route,
    (access) => disconnectSession(access, s),
    ['sessions of a', 'some sessions of a', 'session s'],
  ],
  [
    disconnectSessions.route,
    (access) => disconnectSessions(access, {}, { session_ids: ['s', 't'] }),
    ['sessions of a', 'some sessions of a', 'session s', 'session t'],
  ],
  [sendMessage.route, (access) => sendMessage(access, s, { key: 'handler' }), []],
];

/** Makes all reads. Returns the names of those that made a call. */
async function readAll(accessOf: () => Access): Promise<readonly string[]> {
  const made: string[] = [];
  for (const [name, read] of Object.entries(READS)) {
    const access = accessOf();
    await read(access);
    if (access.usage.calls > 0) made.push(name);
  }
  return made;
}

describe('a read after a write was accepted', () => {
  it.each(WRITES)('%s makes a call exactly if it shows what was changed', async (_route, write, shownBy) => {
    const { accessOf } = createTransportScene(cached);
    const access = () => accessOf({});
    expect(await readAll(access)).toEqual(Object.keys(READS));
    expect(await readAll(access)).toEqual([]);
    await write(access());
    expect(await readAll(access)).toEqual(shownBy);
    expect(await readAll(access)).toEqual([]);
  });

  it('of all writes that there are', () => {
    const writes = ENDPOINTS.all.filter(({ kind }) => kind === 'write').map(({ route }) => route);
    expect(WRITES.map(([route]) => route).sort()).toEqual(writes.sort());
  });

  it('makes a call with another key too, but for lists, which are of one account', async () => {
    const { accessOf } = createTransportScene(cached);
    const other = () => accessOf({ key: 'other' });
    await readAll(other);
    await editScript(accessOf({}), a, { name: 'new' });
    expect(await readAll(other)).toEqual(OF_SCRIPT.filter((name) => name !== 'executions of p'));
  });

  it('shares no call that began before the write, and what that call brings is not kept', async () => {
    const scene = createTransportScene(cached);
    scene.hold();
    const early = scene.read();
    await scene.pass(0);
    scene.goOn();
    await scene.toggle();
    await scene.pass(1);
    expect(await scene.read()).toBe('v2');
    await scene.release();
    expect([await early, await scene.read()]).toEqual(['v1', 'v2 fresh']);
  });

  it('shares no call that began while the write was under way', async () => {
    const scene = createTransportScene(cached);
    scene.hold();
    const write = scene.toggle();
    await scene.pass(0);
    const during = scene.read();
    await scene.pass(0);
    await scene.release();
    await Promise.all([write, during]);
    scene.take();
    expect(await scene.read()).toBe('v2');
    expect(scene.take()).toEqual(['GET /scripts/a']);
  });

  it('is not answered from an older answer when the API then fails', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.toggle();
    scene.answer = () => 503;
    expect(await scene.read()).toBe('Unavailable');
  });

  it('is not answered from the older answer that its own failed call would have fallen back on', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(1_000);
    scene.answer = () => 503;
    scene.hold();
    const early = scene.read();
    await scene.pass(0);
    scene.goOn();
    scene.answer = scene.answerPlainly;
    await scene.toggle();
    scene.answer = () => 503;
    await scene.release();
    // It began before the write, so it may show the state before; but its tries go on after.
    expect(await early).toBe('Unavailable');
  });

  it('makes no call if the write was refused', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    scene.answer = () => ({ success: false, error: { code: 0, message: 'account expired' } });
    expect([await scene.edit(), await scene.read()]).toEqual(['Refused no', 'v1 fresh']);
  });

  it('waits for its turn when the quota has no room: the answer from before the write is not served', async () => {
    const scene = createTransportScene({ ...cached, rate: 2 });
    await scene.read();
    await scene.pass(1_100);
    await Promise.all([scene.toggle(), scene.read('b')]);
    const read = scene.read();
    await scene.pass(1_100);
    expect(await read).toBe('v2');
  });

  it('is not answered by a renewal that began before the write', async () => {
    const scene = createTransportScene({ ...cached, rate: 2 });
    await scene.read();
    await scene.pass(1_100);
    await Promise.all([scene.read('b'), scene.read('c')]);
    expect(await scene.read()).toBe('v1 stale 1100');
    scene.hold();
    await scene.pass(WINDOW_MS);
    scene.goOn();
    await scene.toggle();
    await scene.release();
    await scene.pass(1_100);
    expect([await scene.read(), await scene.read()]).toEqual(['v2', 'v2 fresh']);
  });
});

describe('a write with an unknown outcome', () => {
  it('makes kept answers old when it ends, and again when it can no longer be carried out', async () => {
    const scene = createTransportScene({ ...cached, freshMs: 200_000 });
    await scene.read();
    scene.answer = () => 'silent';
    const write = scene.toggle();
    await scene.pass(5_000);
    expect(await write).toBe('TimedOut unknown');
    scene.answer = scene.answerPlainly;
    expect([await scene.read(), await scene.read()]).toEqual(['v1', 'v1 fresh']);
    await scene.pass(99_900);
    expect(await scene.read()).toBe('v1 fresh');
    await scene.pass(200);
    expect([await scene.read(), await scene.read()]).toEqual(['v1', 'v1 fresh']);
  });

  it('leaves kept answers alone when it was certainly not carried out', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    scene.answer = () => 'unreachable';
    expect(await scene.toggle()).toBe('Unavailable no');
    expect(await scene.read()).toBe('v1 fresh');
  });
});

const WRITE_THEN_READ = graphql(`
  mutation WriteThenRead($id: ID!) {
    editScript(input: { id: $id, name: "new" }) {
      ... on EditScriptSuccess {
        script {
          ...Everything
        }
      }
    }
    toggleScript(input: { id: $id, enabled: true }) {
      ... on ToggleScriptSuccess {
        script {
          ...Everything
        }
      }
    }
  }

  fragment Everything on Script {
    name
    executions {
      date
    }
    sessions(first: 2) {
      nodes {
        jobId
      }
    }
    filtered: sessions(first: 2, filter: { placeId: "606849621" }) {
      nodes {
        jobId
      }
    }
  }
`);

describe('over HTTP', () => {
  const fixture = useRecorder({ transport: { clock: createManualClock(), random: () => 0, ...cached } });

  it('a read sees the state after each write of its document', async () => {
    fixture.respond = createVersions().answer;
    const { data, errors } = await fixture.gateway.execute(WRITE_THEN_READ, { id: 'a' });
    expect(errors).toBeUndefined();
    const shown = [data?.editScript, data?.toggleScript].map((result) => marksIn({ data: result } as never));
    // GraphQL reads what is below a mutation before it begins the next one.
    expect(shown).toEqual([Array(4).fill('v2'), Array(4).fill('v3')]);
  });
});
