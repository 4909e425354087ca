import { describe, expect, it } from 'vitest';
import { answerPlainly, wireProject, wireScript, wireSession, wireUser } from '../support/api/plain-api.ts';
import { json, type Recorded, type Respond } from '../support/api/recorder.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const A = { token: 'key-a' };
const B = { token: 'key-b' };
const PAGE = 'sessions(first: 5) { nodes { id } }';

describe('an answer that is about something else than what was asked for', () => {
  // One connection: every call comes on the one of the call before, if that is still open.
  const fixture = useRecorder({ transport: { connections: 1, freshMs: 60_000, staleMs: 60_000 } });
  const script = wireScript('other');
  const session = wireSession('other', 'job');

  it.each<[what: string, query: string, path: string[], answer: object]>([
    ['a script', '{ script(id: "a") { id } }', ['script'], { script }],
    ['a session', '{ session(id: "a") { id } }', ['session'], { session }],
    ['a project', '{ project(id: "a") { id } }', ['project'], { project: wireProject('other') }],
    ['a user', '{ user(key: "a") { key } }', ['user'], { user: wireUser('other') }],
    [
      'a page of sessions',
      `{ script(id: "a") { ${PAGE} } }`,
      ['script', 'sessions'],
      { sessions: [wireSession('a', 'job'), session] },
    ],
    [
      'a page of sessions that match',
      `{ script(id: "a") { ${PAGE.replace('5', '5, filter: { jobId: "j" }')} } }`,
      ['script', 'sessions'],
      { sessions: [session] },
    ],
  ])('is no answer, is shown to nobody and kept nowhere: %s', async (_what, query, path, answer) => {
    const isIt = ({ line }: Recorded) => (path.length > 1 ? line.includes('/sessions') : true);
    const right: Respond = (recorded, response) =>
      recorded.line.startsWith('GET /sessions/')
        ? json(response, { success: true, session: { ...session, id: 'a' } })
        : answerPlainly(recorded, response);
    fixture.respond = (recorded, response) =>
      isIt(recorded) ? json(response, { success: true, ...answer }) : right(recorded, response);
    const { errors } = await fixture.gateway.execute(query, undefined, A);
    expect(errors).toEqual([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', {
        message: expect.stringMatching(
          /^\S+ \S+: LuaAuth's answer cannot be used: it is about something else\.$/,
        ),
        path,
      }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('other');
    const { socket, line } = fixture.recorder.calls.at(-1) as Recorded;

    fixture.respond = right;
    expect((await fixture.gateway.execute(query, undefined, A)).errors).toBeUndefined();
    const again = fixture.recorder.calls.at(-1) as Recorded;
    expect(again.line).toBe(line);
    expect(again.socket).not.toBe(socket);
  });

  it.each(['for one that has none', 'in the case of its letters'])('may differ %s', async (difference) => {
    const id = difference.startsWith('for') ? undefined : 'ABC';
    fixture.respond = (_recorded, response) =>
      json(response, { success: true, script: { ...wireScript('abc'), id } });
    const { data } = await fixture.gateway.execute('{ script(id: "abc") { name } }');
    expect(data).toEqual({ script: { name: 'name of abc' } });
  });
});

describe('one answer too many on a connection', () => {
  const fixture = useRecorder({ transport: { connections: 1 } });
  const read = (id: string, headers: typeof A) => fixture.gateway.execute(SCRIPT, { id }, headers);
  const extra = (id: string) => {
    const text = JSON.stringify({ success: true, script: wireScript(id) });
    return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  };

  it('reaches neither the next key nor the one after it', async () => {
    fixture.respond = answerPlainly;
    expect((await read('a', A)).data?.script?.name).toBe('name of a');
    // The answer for B comes once the next request is there, which then gets it instead of its own.
    let late = () => {};
    fixture.respond = (recorded, response) => {
      if (recorded.headers.token === B.token) {
        recorded.socket.write(extra('a'));
        late = () => answerPlainly(recorded, response);
        return;
      }
      late();
      answerPlainly(recorded, response);
    };
    const { data, errors } = await read('b', B);
    expect(data).toEqual({ script: null });
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
    expect((await read('c', A)).data?.script?.name).toBe('name of c');
    const sockets = fixture.recorder.calls.map(({ socket }) => socket);
    expect(sockets[0]).toBe(sockets[1]);
    expect(sockets[2]).not.toBe(sockets[1]);
  });
});
