import { describe, expect, it } from 'vitest';
import { answerPlainly, wireScript, wireSession } from '../support/api/plain-api.ts';
import { json, type Recorded, type Respond } from '../support/api/recorder.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { arrival, eventually } from '../support/vitest/waiting.ts';

/** The last part of a path that is an id. */
const idIn = ({ line }: Recorded) => /\/(?:scripts|sessions)\/([^/?]+)/.exec(line)?.[1] ?? '';
const isRead = ({ line }: Recorded) => line.startsWith('GET') || /\/scripts\/\w+\/sessions$/.test(line);

/** The API as it may be: one thing whatever the case of its id, which answers have in lower case. */
function foldingApi(): Respond {
  let version = 1;
  return (recorded, response) => {
    if (!isRead(recorded)) version += 1;
    const id = idIn(recorded).toLowerCase();
    const name = `v${version}`;
    if (recorded.line.startsWith('GET /sessions/'))
      return json(response, { success: true, session: { ...wireSession('s', name), id } });
    if (/^GET \/scripts\/\w+$/.test(recorded.line))
      return json(response, { success: true, script: wireScript(id, { name }) });
    return answerPlainly(recorded, response);
  };
}

describe('an id in another case', () => {
  const fixture = useRecorder({ transport: { freshMs: 60_000, staleMs: 60_000 } });
  const run = async (document: string) => {
    const { data, errors } = await fixture.gateway.execute<Record<string, unknown>, object>(document);
    expect(errors).toBeUndefined();
    return data;
  };

  it.each<[write: string, read: string, before: object, after: object]>([
    [
      'mutation { toggleScript(input: { id: "ABC1", enabled: true }) { __typename } }',
      '{ script(id: "abc1") { id name } }',
      { script: { id: 'abc1', name: 'v1' } },
      { script: { id: 'abc1', name: 'v2' } },
    ],
    [
      'mutation { toggleScript(input: { id: "abc1", enabled: true }) { __typename } }',
      '{ script(id: "ABC1") { id name } }',
      { script: { id: 'abc1', name: 'v1' } },
      { script: { id: 'abc1', name: 'v2' } },
    ],
    [
      'mutation { disconnectSession(input: { id: "ABC1" }) { __typename } }',
      '{ session(id: "abc1") { id jobId } }',
      { session: { id: 'abc1', jobId: 'v1' } },
      { session: { id: 'abc1', jobId: 'v2' } },
    ],
    [
      'mutation { disconnectSessions(input: { ids: ["x", "Abc1"] }) { __typename } }',
      '{ session(id: "abc1") { id jobId } }',
      { session: { id: 'abc1', jobId: 'v1' } },
      { session: { id: 'abc1', jobId: 'v2' } },
    ],
  ])('may be the same thing: %s leaves no older copy of it', async (write, read, before, after) => {
    fixture.respond = foldingApi();
    expect(await run(read)).toEqual(before);
    expect(await run(read)).toEqual(before);
    expect(fixture.recorder.calls).toHaveLength(1);
    await run(write);
    expect(await run(read)).toEqual(after);
    expect(fixture.recorder.calls).toHaveLength(3);
  });

  it('may be the same object: a read that a write has overtaken answers no later read', async () => {
    const api = foldingApi();
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => {
      if (held.length === 0 && isRead(recorded)) held.push(() => api(recorded, response));
      else void api(recorded, response);
    };
    const early = run('{ script(id: "abc1") { name } }');
    await arrival(fixture.recorder, 0);
    await run('mutation { toggleScript(input: { id: "ABC1", enabled: true }) { __typename } }');
    expect(await run('{ script(id: "abc1") { name } }')).toEqual({ script: { name: 'v2' } });
    held[0]?.();
    await early;
    expect(fixture.recorder.lines().filter((line) => line.startsWith('GET'))).toHaveLength(2);
  });

  it('may be another object: no entry and no call under way answers for it, and it is sent unchanged', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => {
      held.push(() => answerPlainly(recorded, response));
    };
    const both = Promise.all([
      run('{ script(id: "abc1") { id name } }'),
      run('{ script(id: "ABC1") { id name } }'),
    ]);
    await eventually(() => expect(held).toHaveLength(2));
    for (const answer of held) answer();
    const expected = [
      { script: { id: 'abc1', name: 'name of abc1' } },
      { script: { id: 'ABC1', name: 'name of ABC1' } },
    ];
    expect(await both).toEqual(expected);
    const copies = [
      await run('{ script(id: "abc1") { id name } }'),
      await run('{ script(id: "ABC1") { id name } }'),
    ];
    expect(copies).toEqual(expected);
    expect(fixture.recorder.lines().toSorted()).toEqual(['GET /scripts/ABC1', 'GET /scripts/abc1']);
  });
});
