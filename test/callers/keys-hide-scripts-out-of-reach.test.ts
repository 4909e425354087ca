import { describe, expect, it } from 'vitest';
import { SCOPES } from '../../src/callers/scopes.ts';
import { answerPlainly, wireScript, wireSession } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually } from '../support/vitest/waiting.ts';

const scopes = SCOPES.filter((scope) => !scope.startsWith('users:'));
const keyRing = ringOf([
  { name: 'all' },
  { name: 'by-scripts', scopes, scripts: ['mine'] },
  { name: 'by-projects', scopes, projects: ['my-project'] },
]);
const clock = createManualClock();
const fixture = useRecorder({
  credentials: { heldKey: 'held', keyRing },
  transport: { clock, random: () => 0, freshMs: 1_000, staleMs: 60_000 },
});

const PROJECTS: Readonly<Record<string, string>> = { mine: 'my-project', theirs: 'their-project' };

/** A script within reach and one out of it, each with sessions `<script>-<number>`; nothing else exists. */
const respond: Respond = (recorded, response) => {
  const [method, kind, id = ''] = recorded.line.split(/[ /?]+/);
  const script = id.replace(/-\d+$/, '');
  const isPlain = method === 'POST' || !/^GET \S+\/(scripts|sessions)\/[^/]+$/.test(recorded.line);
  if (isPlain && method === 'POST') return json(response, { success: true });
  if (!(script in PROJECTS)) {
    const error = { code: -1, message: 'unauthorized or invalid request', failed: ['not yours'] };
    return json(response, { success: false, error }, 403);
  }
  if (kind === 'sessions')
    return json(response, { success: true, session: { ...wireSession(script, 'job'), id } });
  if (recorded.line === `GET /scripts/${id}`)
    return json(response, { success: true, script: wireScript(id, { project_id: PROJECTS[id] }) });
  return answerPlainly(recorded, response);
};

async function ask(key: string, document: string) {
  const before = fixture.recorder.calls.length;
  const {
    data,
    errors = [],
    extensions,
  } = await fixture.gateway.execute<unknown, object>(document, undefined, {
    ...bearer(key),
    'x-upstream': 'report',
  });
  // Fields fail in the order in which the API answers.
  errors.sort((one, other) => String(one.path).localeCompare(String(other.path)));
  return { data, errors, extensions, calls: fixture.recorder.calls.length - before };
}

/** Where it failed, and why. */
const kindsOf = ({ errors }: Awaited<ReturnType<typeof ask>>) =>
  errors.map(({ path, extensions }) => [path?.join('.'), extensions.code]);

const SCRIPT = '{ script(id: "theirs") { name } }';
const DOCUMENTS = [
  SCRIPT,
  '{ script(id: "theirs") { executions { date } } }',
  'mutation { toggleScript(input: { id: "theirs", enabled: true }) { __typename } }',
  'mutation { a: toggleScript(input: { id: "theirs", enabled: true }) { __typename } b: deleteScript(input: { id: "theirs" }) { __typename } }',
  '{ session(id: "theirs-1") { jobId } }',
  '{ a: session(id: "theirs-1") { jobId } b: session(id: "theirs-2") { jobId } c: script(id: "theirs") { name } }',
  'mutation { disconnectSession(input: { id: "theirs-1" }) { __typename } }',
  'mutation { disconnectSessions(input: { ids: ["theirs-1", "theirs-2", "theirs-3"] }) { __typename } }',
  'mutation { a: disconnectSession(input: { id: "theirs-1" }) { __typename } b: messageSession(input: { id: "theirs-1", handler: "x" }) { __typename } }',
];
const READ_BY_OTHERS = `{
  script(id: "theirs") { name }
  a: session(id: "theirs-1") { jobId } b: session(id: "theirs-2") { jobId } c: session(id: "theirs-3") { jobId }
}`;

describe.each(['by-scripts', 'by-projects'])('for a key with lists (%s)', (key) => {
  describe.each(DOCUMENTS)('%s', (document) => {
    const nowhere = () => ask(key, document.replaceAll('theirs', 'nobody'));

    it('is answered, reported and paid for as if it did not exist, read by others or not', async () => {
      fixture.respond = respond;
      const expected = await nowhere();
      expect(expected.errors[0]).toBeError('FORBIDDEN');
      expect(await ask(key, document)).toEqual(expected);
      await ask('all', READ_BY_OTHERS);
      expect(await ask(key, document)).toEqual(expected);
      expect(await ask(key, document)).toEqual(expected);
      expect(await nowhere()).toEqual(expected);
    });

    it('fails as if it did not exist while the API fails, whatever is cached', async () => {
      fixture.respond = respond;
      await ask('all', READ_BY_OTHERS);
      for (const ms of [10, 2_000]) {
        await clock.advance(ms);
        fixture.respond = (_recorded, response) => void response.writeHead(503).end();
        const [there, missing] = [await ask(key, document), await nowhere()];
        // A refusal by the id alone needs no API.
        expect(kindsOf(there)).toEqual(kindsOf(missing));
        expect(there.extensions).toMatchObject({ upstream: { fresh: 0, shared: 0, stale: 0 } });
      }
    });
  });
});

it('is not told by the call of another caller that is under way', async () => {
  const held: (() => void)[] = [];
  fixture.respond = (recorded, response) => void held.push(() => respond(recorded, response));
  const other = ask('all', SCRIPT);
  await eventually(() => expect(held).toHaveLength(1));
  const own = ask('by-projects', SCRIPT);
  await eventually(() => expect(held).toHaveLength(2));
  held[1]?.();
  expect((await own).extensions).toMatchObject({ upstream: { calls: 1, shared: 0 } });
  held[0]?.();
  expect((await other).errors).toEqual([]);
});

it('cache entries serve what is known to be within reach, once its caller or another one with lists has read it', async () => {
  fixture.respond = respond;
  const document = SCRIPT.replace('theirs', 'mine');
  await ask('all', document);
  expect(await ask('by-projects', document)).toMatchObject({
    calls: 1,
    data: { script: { name: 'name of mine' } },
  });
  expect(await ask('by-projects', document)).toMatchObject({
    calls: 0,
    extensions: { upstream: { fresh: 1 } },
  });
});
