import { expect } from 'vitest';
import type { TestGateway } from '../gateways/gateway.ts';
import { type EventStream, subscribeBySse } from './event-stream.ts';

export const EVENTS = `subscription ($id: ID!, $after: String, $filter: SessionFilter) {
  scriptSessions(scriptId: $id, after: $after, filter: $filter) {
    __typename
    ... on LiveEvent { cursor sequence asOf nextPollMs }
    ... on SessionsSnapshot { complete sessions { id } }
    ... on SessionsChange { appeared { id } disappearedIds }
    ... on SessionsDelay { reason }
  }
}`;

interface Identified {
  readonly id: string;
}

export interface LiveEvent {
  readonly __typename: string;
  readonly cursor: string;
  readonly sequence: number;
  readonly asOf: string;
  readonly nextPollMs: number;
  readonly complete?: boolean;
  readonly sessions?: readonly Identified[];
  readonly appeared?: readonly Identified[];
  readonly disappearedIds?: readonly string[];
  readonly reason?: string;
}

export type Events = EventStream<{ readonly scriptSessions: LiveEvent }>;

/** Subscribes to the users of the script `s`, unless the variables say otherwise. */
export const subscribe = (
  gateway: Pick<TestGateway, 'url'>,
  variables: Record<string, unknown> = {},
  headers?: Record<string, string>,
): Promise<Events> => subscribeBySse(gateway, EVENTS, { id: 's', ...variables }, headers);

/** The next event, its sessions by their ids. */
export async function next(events: Events) {
  const told = await events.next();
  expect(told?.errors).toBeUndefined();
  const { data } = told as { data: { scriptSessions: LiveEvent } };
  const { cursor, asOf, nextPollMs, sequence, sessions, appeared, ...event } = data.scriptSessions;
  expect(new Date(asOf).getTime()).toBeGreaterThan(0);
  const lists = {
    ...(sessions && { sessions: ids(sessions) }),
    ...(appeared && { appeared: ids(appeared) }),
  };
  return { cursor, nextPollMs, sequence, event: { ...event, ...lists } };
}

const ids = (sessions: readonly Identified[]) => sessions.map(({ id }) => id);

export const snapshot = (...sessions: string[]) => ({
  __typename: 'SessionsSnapshot',
  complete: true,
  sessions,
});

export const change = (appeared: string[], disappearedIds: string[] = []) => ({
  __typename: 'SessionsChange',
  appeared,
  disappearedIds,
});

export const delay = (reason: string) => ({ __typename: 'SessionsDelay', reason });

/** The errors of a stream, which has nothing else, one list for each of its results. */
export const refusalOf = async (events: Pick<EventStream<unknown>, 'rest'>) =>
  (await events.rest()).map(({ errors }) => errors);
