import { expect, it, onTestFinished } from 'vitest';
import { follow, type OpenStream, type StreamError, type StreamListener } from '../../src/live/follow.ts';
import type { SessionsEvent } from '../../src/live/who-is-on.ts';

/** Streams whose events and ends a test gives. */
function useStreams() {
  const streams: { readonly after: string | undefined; isClosed: boolean; readonly tell: StreamListener }[] =
    [];
  const open: OpenStream = ({ after }, tell) => {
    const stream = { after, isClosed: false, tell };
    streams.push(stream);
    return () => {
      stream.isClosed = true;
    };
  };
  const refusals: StreamError[] = [];
  const cursors: (string | undefined)[] = [];
  const stop = follow(open, 's', {
    onKnown: ({ cursor }) => cursors.push(cursor),
    onRefused: (error) => refusals.push(error),
  });
  onTestFinished(stop);
  const nth = async (count: number) => {
    await expect.poll(() => streams.length).toBe(count);
    return streams[count - 1] as (typeof streams)[number];
  };
  return { nth, refusals, cursors, stop };
}

const snapshot = (sequence: number, cursor: string): SessionsEvent => ({
  __typename: 'SessionsSnapshot',
  ...{ sequence, cursor, complete: true, sessions: [] },
});
const change = (sequence: number, cursor: string): SessionsEvent => ({
  __typename: 'SessionsChange',
  ...{ sequence, cursor, appeared: [], disappearedIds: [] },
});
const failure = (code: string): StreamError => ({ message: code, extensions: { code } });

it('a lost event is a reason to subscribe again, from before it', async () => {
  const { nth, cursors } = useStreams();
  const first = await nth(1);
  first.tell.onEvent(snapshot(1, 'one'));
  first.tell.onEvent(change(3, 'three'));
  const second = await nth(2);
  expect([first.isClosed, second.after]).toEqual([true, 'one']);
  // Later events of the closed stream are ignored.
  first.tell.onEvent(change(2, 'late'));
  first.tell.onEnd();
  second.tell.onEvent(change(1, 'four'));
  expect(cursors).toEqual(['one', 'four']);
});

it('an error that passes, a broken connection and a completed stream are reasons to go on', async () => {
  const { nth, refusals } = useStreams();
  (await nth(1)).tell.onEnd([failure('RATE_LIMITED')]);
  const second = await nth(2);
  expect(second.after).toBeUndefined();
  second.tell.onEvent(snapshot(1, 'one'));
  second.tell.onEnd();
  expect((await nth(3)).after).toBe('one');
  expect(refusals).toEqual([]);
});

it('an error that stays is told, and is the end, as is being stopped', async () => {
  const refused = useStreams();
  const stream = await refused.nth(1);
  stream.tell.onEnd([failure('FORBIDDEN')]);
  stream.tell.onEnd();
  expect([refused.refusals, stream.isClosed]).toEqual([[failure('FORBIDDEN')], true]);
  const stopped = useStreams();
  const open = await stopped.nth(1);
  open.tell.onEnd();
  stopped.stop();
  expect(open.isClosed).toBe(true);
  // Longer than the first wait.
  await new Promise((resolve) => setTimeout(resolve, 600));
  await Promise.all([refused.nth(1), stopped.nth(1)]);
});
