import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import type { Respond } from '../support/api/recorder.ts';
import { graphql } from '../support/clients/graphql.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const transport = { clock, random: () => 0, freshMs: 1_000, staleMs: 60_000 };
const ASKED = { token: 'key-a', 'x-upstream': 'report' };
const KEY = { token: 'key-a' };

interface Report {
  calls: number;
  shared: number;
  fresh: number;
  stale: number;
  queuedMs: number;
  readonly oldestMs?: number;
}

interface Source {
  readonly endpoint: string;
  readonly from: string;
  readonly why?: string;
}

function upstreamOf({ extensions }: Result<unknown>) {
  if (!extensions?.upstream) throw new Error('The answer has no report.');
  return extensions.upstream as Report & { readonly sources: readonly Source[] };
}

/** The counts of a report. */
function reportOf(answer: Result<unknown>): Report {
  const { sources: _, ...report } = upstreamOf(answer);
  return report;
}

/** The sources of a report, such as `GET /scripts/:script_id api miss`. */
function sourcesOf(answer: Result<unknown>): readonly string[] {
  return upstreamOf(answer).sources.map((source) => Object.values(source).join(' '));
}

const none: Report = { calls: 0, shared: 0, fresh: 0, stale: 0, queuedMs: 0 };

const TOGGLE_AND_READ = graphql(`
  mutation ToggleAndReadForReport($id: ID!) {
    first: toggleScript(input: { id: $id, enabled: true }) {
      ... on ToggleScriptSuccess {
        script {
          name
        }
      }
    }
    second: toggleScript(input: { id: $id, enabled: false }) {
      ... on ToggleScriptSuccess {
        script {
          name
        }
      }
    }
  }
`);

/** Fails the first call of every path with 503. */
function failOnce(): Respond {
  const seen = new Set<string>();
  return (recorded, response) => {
    if (seen.has(recorded.line)) return answerPlainly(recorded, response);
    seen.add(recorded.line);
    return void response.writeHead(503).end();
  };
}

describe('x-upstream: report', () => {
  const fixture = useRecorder({ transport });

  it('is not answered unless it is asked for', async () => {
    fixture.respond = answerPlainly;
    for (const headers of [KEY, { ...KEY, 'x-upstream': '' }]) {
      const { extensions } = await fixture.gateway.execute(SCRIPT, { id: 'a' }, headers);
      expect(extensions).toBeUndefined();
    }
  });

  it('tells of an operation that needs no call, and of one without a key', async () => {
    expect(reportOf(await fixture.gateway.execute('{ __typename }', undefined, ASKED))).toEqual(none);
    const refused = await fixture.gateway.execute(SCRIPT, { id: 'a' }, { 'x-upstream': 'report' });
    expect(refused.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(reportOf(refused)).toEqual(none);
  });

  it('counts calls, and the cache entries that saved one', async () => {
    fixture.respond = answerPlainly;
    const first = await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' }, ASKED);
    const second = await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' }, ASKED);
    const mixed = await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c'] }, ASKED);
    expect(reportOf(first)).toEqual({ ...none, calls: 4 });
    expect(reportOf(second)).toEqual({ ...none, fresh: 4 });
    expect(reportOf(mixed)).toEqual({ ...none, calls: 2, fresh: 1 });
    await expectCalls(fixture.recorder, 6);
  });

  it("counts reads that waited for another operation's call", async () => {
    let release = () => {};
    fixture.respond = (recorded, response) => {
      release = () => answerPlainly(recorded, response);
    };
    const first = fixture.gateway.execute(SCRIPT, { id: 'a' }, ASKED);
    await arrival(fixture.recorder, 0);
    const others = Array.from({ length: 5 }, () => fixture.gateway.execute(SCRIPT, { id: 'a' }, ASKED));
    await eventually(() => expect(clock.pending).toBe(6));
    release();
    expect(reportOf(await first)).toEqual({ ...none, calls: 1 });
    for (const answer of others) expect(reportOf(await answer)).toEqual({ ...none, shared: 1 });
    await expectCalls(fixture.recorder, 1);
  });

  it('counts retries and writes as the calls that they are', async () => {
    fixture.respond = failOnce();
    const read = await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c'] }, ASKED);
    expect(read.errors).toBeUndefined();
    expect(reportOf(read)).toEqual({ ...none, calls: 6 });
    fixture.respond = answerPlainly;
    const write = await fixture.gateway.execute(TOGGLE_AND_READ, { id: 'a' }, ASKED);
    expect(write.errors).toBeUndefined();
    expect(reportOf(write)).toMatchObject({ ...none, calls: 4 });
    await expectCalls(fixture.recorder, 10);
  });

  it('has each write of a mutation that has begun, with its outcome', async () => {
    const respond: Respond[] = [answerPlainly, (_recorded, response) => void response.destroy()];
    fixture.respond = (recorded, response) => respond.shift()?.(recorded, response);
    const toggle = 'toggleScript(input: { id: "x", enabled: true }) { __typename }';
    const document = `mutation { a: ${toggle} editScript(input: { id: "x" }) { __typename } c: ${toggle} d: ${toggle} }`;
    const answer = await fixture.gateway.execute(document, undefined, ASKED);
    expect(reportOf(answer)).toMatchObject({
      writes: [
        { mutation: 'toggleScript', path: ['a'], result: 'ToggleScriptSuccess', outcome: 'EXECUTED' },
        { mutation: 'editScript', path: ['editScript'], result: 'NothingToEdit', outcome: 'NOT_EXECUTED' },
        { mutation: 'toggleScript', path: ['c'], result: null, outcome: 'UNKNOWN' },
      ],
    });
  });

  it('counts what failed, too', async () => {
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    const { errors, ...result } = await fixture.gateway.execute(SCRIPT, { id: 'a' }, ASKED);
    expect(errors).toHaveLength(1);
    expect(reportOf(result)).toEqual({ ...none, calls: 3 });
    await expectCalls(fixture.recorder, 3);
  });

  it('counts a read that fell back on an older entry as stale, and its tries as calls', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await clock.advance(1_500);
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    const result = await fixture.gateway.execute(SCRIPT, { id: 'a' }, ASKED);
    expect(reportOf(result)).toEqual({ ...none, calls: 3, stale: 1, oldestMs: 1_500 });
  });
});

describe('the sources of a report', () => {
  const fixture = useRecorder({ transport });
  const read = (headers: Record<string, string> = ASKED) =>
    fixture.gateway.execute(SCRIPT, { id: 'a' }, headers);
  const GET = 'GET /scripts/:script_id';
  const TOGGLE = 'mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }';

  it('say for each call why the cache did not answer it: miss, expired, written', async () => {
    fixture.respond = answerPlainly;
    expect(sourcesOf(await read())).toEqual([`${GET} api miss`]);
    expect(sourcesOf(await read())).toEqual([`${GET} cache`]);
    await clock.advance(1_000);
    expect(sourcesOf(await read())).toEqual([`${GET} api expired`]);
    const written = await fixture.gateway.execute(TOGGLE_AND_READ, { id: 'a' }, ASKED);
    const toggle = 'POST /scripts/:script_id/toggle api bypass';
    expect(sourcesOf(written)).toEqual([toggle, `${GET} api written`, toggle, `${GET} api written`]);
    // Once the answer would no longer be kept, the write is no reason any more.
    await fixture.gateway.execute(TOGGLE, undefined, KEY);
    await clock.advance(60_001);
    expect(sourcesOf(await read())).toEqual([`${GET} api miss`]);
    await expectCalls(fixture.recorder, 8);
  });

  it('name a write of unknown outcome as the reason', async () => {
    fixture.respond = answerPlainly;
    await read();
    fixture.respond = (_recorded, response) => void response.destroy();
    await fixture.gateway.execute(TOGGLE_AND_READ, { id: 'a' }, KEY);
    fixture.respond = answerPlainly;
    expect(sourcesOf(await read())).toEqual([`${GET} api written`]);
    expect(sourcesOf(await read())).toEqual([`${GET} cache`]);
  });

  it('name a failed call, and the cache where an older answer took its place', async () => {
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    expect(sourcesOf(await read())).toEqual([`${GET} api miss`]);
    fixture.respond = answerPlainly;
    await read(KEY);
    await clock.advance(1_500);
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    expect(sourcesOf(await read())).toEqual([`${GET} cache`]);
  });

  it('end after a hundred calls', async () => {
    fixture.respond = answerPlainly;
    const ids = Array.from({ length: 120 }, (_, index) => `script-${index}`);
    const answer = await fixture.gateway.execute(SCRIPTS, { ids }, ASKED);
    expect(sourcesOf(answer)).toEqual(Array.from({ length: 100 }, () => `${GET} api miss`));
    expect(reportOf(answer)).toEqual({ ...none, calls: 120 });
  });
});

describe('a report without a cache', () => {
  const fixture = useRecorder({ transport: { clock, freshMs: 0, staleMs: 0 } });

  it('names every call as one that bypasses it', async () => {
    fixture.respond = answerPlainly;
    for (const _ of [1, 2]) {
      const answer = await fixture.gateway.execute(SCRIPT, { id: 'a' }, ASKED);
      expect(sourcesOf(answer)).toEqual(['GET /scripts/:script_id api bypass']);
    }
  });
});

describe('an unknown word in x-upstream', () => {
  const fixture = useRecorder({ transport });
  const long = 'p'.repeat(10_000);

  it.each([
    ['yes', '"yes"'],
    ['plan, plan', '"plan, plan"'],
    ['pl"an', '"pl\\"an"'],
    [long, `"${'p'.repeat(60)}"`],
  ])('is refused with the words that are allowed, and nothing is carried out', async (word, shown) => {
    const headers = { ...KEY, 'x-upstream': word };
    const { gateway } = fixture;
    const answers: [answer: Result<unknown>, outcome: object][] = [
      [await gateway.execute(SCRIPT, { id: 'a' }, headers), {}],
      [await gateway.execute(TOGGLE_AND_READ, { id: 'a' }, headers), { outcome: 'NOT_EXECUTED' }],
    ];
    for (const [answer, outcome] of answers) {
      expect(answer.status).toBe(400);
      expect(answer.data).toBeUndefined();
      expect(answer.errors).toEqual([
        expect.toBeError('BAD_REQUEST', {
          message: `The header x-upstream has the value ${shown}; plan and report are allowed. Send plan or report, or leave the header out.`,
          ...outcome,
        }),
      ]);
    }
    await expectCalls(fixture.recorder, 0);
    expect(fixture.gateway.logged).toEqual([]);
  });
});

describe('a report under a quota', () => {
  const fixture = useRecorder({
    transport: { ...transport, rate: 2 },
    timeouts: { read: 10_000, write: 10_000 },
  });

  it('tells how long the calls of the operation had to wait', async () => {
    fixture.respond = answerPlainly;
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c'] }, ASKED);
    await expectCalls(fixture.recorder, 2);
    await clock.advance(1_002);
    expect(reportOf(await answer)).toEqual({ ...none, calls: 3, queuedMs: 1_002 });
  });

  it('names the oldest entry, and leaves the call of the renewal out', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await clock.advance(500);
    await fixture.gateway.execute(SCRIPT, { id: 'b' }, KEY);
    await clock.advance(1_002);
    await fixture.gateway.execute(SCRIPTS, { ids: ['c', 'd'] }, KEY);
    const result = await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'a'] }, ASKED);
    expect(reportOf(result)).toEqual({ ...none, stale: 2, oldestMs: 1_502 });
    // Without being asked as well, as the answer may have been overtaken.
    const silent = await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    expect(silent.extensions).toEqual({ upstream: { stale: 1, oldestMs: 1_502 } });
    await settle();
    await clock.advance(1_002);
    await expectCalls(fixture.recorder, 6);
  });
});
