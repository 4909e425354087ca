import { expect } from 'vitest';
import { createLiveApi } from '../api/live-api.ts';
import type { LiveEvent } from '../clients/live-events.ts';
import { createManualClock } from '../clocks/clock.ts';
import { eventually } from '../vitest/waiting.ts';
import { useRecorder } from './fixture.ts';
import type { TestGatewayOptions } from './gateway.ts';

export const POLL_MS = 2_000;
const PING_MS = 12_000;

/** The data of a subscription with {@link SESSIONS}. */
export interface SessionsTold {
  readonly scriptSessions: Pick<LiveEvent, '__typename' | 'sessions' | 'appeared' | 'disappearedIds'>;
}

export const SESSIONS = `subscription Sessions($id: ID! = "s", $filter: SessionFilter) {
  scriptSessions(scriptId: $id, filter: $filter) {
    __typename
    ... on SessionsSnapshot { sessions { id } }
    ... on SessionsChange { appeared { id } disappearedIds }
  }
}`;

export const snapshot = (...ids: string[]) => ({
  data: { scriptSessions: { __typename: 'SessionsSnapshot', sessions: ids.map((id) => ({ id })) } },
});

export const change = (appeared: string[], disappearedIds: string[] = []) => ({
  data: {
    scriptSessions: {
      __typename: 'SessionsChange',
      appeared: appeared.map((id) => ({ id })),
      disappearedIds,
    },
  },
});

/** A gateway whose polls a test makes: the time of its polls and its pings stands still until then. */
export function useLive({ liveLimits, ...options }: Omit<TestGatewayOptions, 'upstream'> = {}) {
  const clock = createManualClock();
  let pollsEnded = 0;
  let streams = 0;
  const fixture = useRecorder({
    transport: { clock, random: () => 0 },
    liveLimits: { rate: 0, ...liveLimits },
    liveObserver: {
      counted(counts) {
        streams = counts.streams;
      },
      polled() {
        pollsEnded += 1;
      },
    },
    ...options,
  });
  return Object.assign(fixture, {
    clock,
    /** The API that a test's gateway asks. */
    useApi() {
      const api = createLiveApi();
      fixture.respond = (recorded, response) => api.respond(recorded, response);
      return api;
    },
    polls: () => fixture.recorder.lines().filter((line) => line.startsWith('POST /scripts/')).length,
    /** Lets the next poll begin, and waits until it has ended. */
    async poll(ms = POLL_MS): Promise<void> {
      const before = pollsEnded;
      await clock.advance(ms);
      await eventually(() => expect(pollsEnded).toBeGreaterThan(before));
    },
    /** Lets the time until the first ping pass, in which the script is polled three times. */
    async passUntilPing(): Promise<void> {
      const waits = [2_000, 3_000, 4_500];
      for (const ms of waits) await this.poll(ms);
      await clock.advance(PING_MS - waits.reduce((sum, ms) => sum + ms));
    },
    /** Waits until there are no subscribers, and checks that nothing is polled. */
    async expectNoMorePolls(): Promise<void> {
      await eventually(() => expect(streams).toBe(0));
      const before = fixture.recorder.calls.length;
      await clock.advance(60_000);
      // No ping either.
      expect(clock.pending).toBe(0);
      expect(fixture.recorder.calls).toHaveLength(before);
    },
  });
}
