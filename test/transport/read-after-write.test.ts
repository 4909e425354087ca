import { describe, expect, it } from 'vitest';
import { json } from '../support/api/recorder.ts';
import { createVersions, marksIn } from '../support/api/versions.ts';
import { graphql } from '../support/clients/graphql.ts';
import { DELETE, EDIT, TOGGLE, UPDATE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { arrival, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const transport = { clock, random: () => 0, freshMs: 1_000, staleMs: 60_000 };
const KEY = { token: 'key-a' };
const all = (mark: string) => Array(4).fill(mark);

const WRITE_THEN_READ = graphql(`
  mutation WriteThenRead($id: ID!) {
    editScript(input: { id: $id, name: "new" }) {
      ... on EditScriptSuccess {
        script {
          ...Everything
        }
      }
    }
    updateScript(input: { id: $id, source: "print(1)" }) {
      ... on UpdateScriptSuccess {
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

describe('a read that starts after a write was accepted', () => {
  const fixture = useRecorder({ transport });
  const read = (id = 'a', headers = KEY) => fixture.gateway.execute(WHOLE_SCRIPT, { id }, headers);

  const WRITES = [
    {
      name: 'editScript',
      write: (id: string) => fixture.gateway.execute(EDIT, { input: { id, name: 'new' } }, KEY),
    },
    {
      name: 'updateScript',
      write: (id: string) => fixture.gateway.execute(UPDATE, { input: { id, source: 'print(1)' } }, KEY),
    },
    {
      name: 'toggleScript',
      write: (id: string) => fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }, KEY),
    },
    { name: 'deleteScript', write: (id: string) => fixture.gateway.execute(DELETE, { input: { id } }, KEY) },
  ];

  it.each(WRITES)(
    '($name) sees its state in all four reads of the script, from another client',
    async ({ write }) => {
      fixture.respond = createVersions().answer;
      expect(marksIn(await read())).toEqual(all('v1'));
      expect((await write('a')).errors).toBeUndefined();
      expect(marksIn(await read())).toEqual(all('v2'));
      await expectCalls(fixture.recorder, 9);
      // A read after the write is cached again.
      expect(marksIn(await read())).toEqual(all('v2'));
      await expectCalls(fixture.recorder, 9);
    },
  );

  it('sees its state in the same document, after each of several writes', async () => {
    fixture.respond = createVersions().answer;
    await read();
    const { data, errors } = await fixture.gateway.execute(WRITE_THEN_READ, { id: 'a' }, KEY);
    expect(errors).toBeUndefined();
    const [edit, update, toggle] = [data?.editScript, data?.updateScript, data?.toggleScript].map((result) =>
      marksIn({ data: result } as never),
    );
    // GraphQL reads what is below a mutation before it begins the next one.
    expect([edit, update, toggle]).toEqual([all('v2'), all('v3'), all('v4')]);
  });

  it('sees its state with another key too', async () => {
    fixture.respond = createVersions().answer;
    const other = { token: 'key-b' };
    expect(marksIn(await read('a', other))).toEqual(all('v1'));
    await WRITES[0]?.write('a');
    expect(marksIn(await read('a', other))).toEqual(all('v2'));
  });

  it('does not lose the copies of other scripts', async () => {
    fixture.respond = createVersions().answer;
    await read('a');
    await read('b');
    await WRITES[0]?.write('a');
    expect(marksIn(await read('b'))).toEqual(all('v1'));
    await expectCalls(fixture.recorder, 9);
  });

  it('shares no call that began before the write, and what that call brings is not kept', async () => {
    const { hold, answer, release } = createVersions();
    fixture.respond = hold;
    const early = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await arrival(fixture.recorder, 0);
    fixture.respond = answer;
    await WRITES[0]?.write('a');
    await clock.advance(1);
    const late = await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    expect(late.data?.script?.name).toBe('v2');
    release();
    expect((await early).data?.script?.name).toBe('v1');
    expect((await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name).toBe('v2');
    await expectCalls(fixture.recorder, 3);
  });

  it('shares no call that began while the write was under way', async () => {
    const versions = createVersions();
    fixture.respond = versions.hold;
    const write = WRITES[0]?.write('a');
    await arrival(fixture.recorder, 0);
    const during = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await arrival(fixture.recorder, 1);
    versions.release();
    await Promise.all([write, during]);
    fixture.respond = versions.answer;
    expect((await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name).toBe('v2');
    await expectCalls(fixture.recorder, 3);
  });

  it('is not answered from an older copy when the API then fails', async () => {
    fixture.respond = createVersions().answer;
    await read();
    await WRITES[0]?.write('a');
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    const { errors } = await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('is not answered from the older copy that its own failed call would have fallen back on', async () => {
    const versions = createVersions();
    fixture.respond = versions.answer;
    await read();
    await clock.advance(1_000);
    fixture.respond = () => undefined;
    const early = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    const { socket } = await arrival(fixture.recorder, 4);
    fixture.respond = versions.answer;
    await WRITES[0]?.write('a');
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    socket.destroy();
    // It began before the write, so it may show the state before; but its tries go on after.
    expect((await early).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
  });

  it('keeps its copies when the write was refused', async () => {
    const { answer } = createVersions();
    fixture.respond = answer;
    await read();
    fixture.respond = (_recorded, response) =>
      json(response, { success: false, error: { code: 0, message: 'account expired' } });
    expect(
      (await fixture.gateway.execute(EDIT, { input: { id: 'a', name: 'b' } }, KEY)).data?.editScript
        .__typename,
    ).toBe('AccountExpired');
    expect(marksIn(await read())).toEqual(all('v1'));
    await expectCalls(fixture.recorder, 5);
  });
});

describe('a write with an unknown outcome', () => {
  const fixture = useRecorder({ transport });
  const name = async () => (await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name;

  it('leaves nothing kept for as long as it may still be carried out', async () => {
    const versions = createVersions();
    fixture.respond = versions.answer;
    expect(await name()).toBe('v1');
    fixture.respond = () => undefined;
    const write = fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
    await arrival(fixture.recorder, 1);
    await clock.advance(5_000);
    expect((await write).errors?.[0]?.extensions.outcome).toBe('UNKNOWN');
    fixture.respond = versions.answer;
    for (const count of [3, 4, 5]) {
      expect(await name()).toBe('v1');
      expect(fixture.recorder.calls).toHaveLength(count);
    }
    await clock.advance(100_000);
    await name();
    await name();
    await expectCalls(fixture.recorder, 6);
  });

  it('goes on to do so when a later write is accepted', async () => {
    const versions = createVersions();
    fixture.respond = ({ socket }) => void socket.destroy();
    const write = () => fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
    expect((await write()).errors?.[0]?.extensions.outcome).toBe('UNKNOWN');
    fixture.respond = versions.answer;
    expect((await write()).errors).toBeUndefined();
    await name();
    await name();
    await expectCalls(fixture.recorder, 4);
  });

  it('leaves the copies alone when it was certainly not carried out', async () => {
    fixture.respond = createVersions().answer;
    await name();
    fixture.respond = (_recorded, response) => {
      response.setHeader('retry-after', '3600');
      json(response, { success: false, error: { code: -1, message: 'ratelimited' } });
    };
    const { errors } = await fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
    expect(errors?.[0]?.extensions.outcome).toBe('NOT_EXECUTED');
    expect(await name()).toBe('v1');
    await expectCalls(fixture.recorder, 2);
  });
});

describe('when the quota has no room', () => {
  const fixture = useRecorder({
    transport: { ...transport, rate: 2 },
    timeouts: { read: 10_000, write: 10_000 },
  });
  const read = () => fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
  const toggle = () => fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);

  it('a read after a write waits for its turn: the copy from before the write is not served', async () => {
    fixture.respond = createVersions().answer;
    await read();
    await clock.advance(1_100);
    await Promise.all([toggle(), fixture.gateway.execute(SCRIPT, { id: 'b' }, KEY)]);
    const answer = read();
    await settle();
    await clock.advance(1_100);
    const { data, extensions } = await answer;
    expect(data?.script?.name).toBe('v2');
    expect(extensions).toBeUndefined();
  });

  it('a renewal that began before the write does not bring back the state before it', async () => {
    const versions = createVersions();
    fixture.respond = versions.answer;
    await read();
    await clock.advance(1_100);
    await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'c'] }, KEY);
    expect((await read()).extensions).toMatchObject({ upstream: { stale: 1 } });
    fixture.respond = versions.hold;
    await clock.advance(1_100);
    // The renewal has looked up the first version and is on its way back.
    expect((await arrival(fixture.recorder, 3)).line).toBe('GET /scripts/a');
    fixture.respond = versions.answer;
    expect((await toggle()).errors).toBeUndefined();
    versions.release();
    await settle();
    await clock.advance(1_100);
    expect((await read()).data?.script?.name).toBe('v2');
    expect((await read()).data?.script?.name).toBe('v2');
    await expectCalls(fixture.recorder, 6);
  });
});
