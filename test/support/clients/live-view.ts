import { expect } from 'vitest';
import { eventually } from '../vitest/waiting.ts';
import { type LiveEvent, subscribe } from './live-events.ts';

/** The view of a subscriber that applies all events, and all that was wrong with them. */
interface LiveView {
  /** The ids of who is connected, as it was told. */
  readonly sessions: () => string[];
  /** Types of the events, with the reason of a delay. */
  readonly events: string[];
  readonly faults: string[];
  readonly cursor: () => string;
  readonly isOver: () => boolean;
  leave(): void;
  shows(...ids: string[]): Promise<void>;
}

export async function viewLive(
  gateway: { readonly url: string },
  id = 's',
  after?: string,
  headers?: Record<string, string>,
): Promise<LiveView> {
  const stream = await subscribe(gateway, { id, after }, headers);
  const shown = new Set<string>();
  const gone = new Set<string>();
  const events: string[] = [];
  const faults: string[] = [];
  let cursor = '';
  let isOver = false;
  let sequence = 0;

  const appear = (session: string) => {
    if (gone.has(session)) faults.push(`${session} is back`);
    shown.add(session);
  };
  const disappear = (session: string) => {
    shown.delete(session);
    gone.add(session);
  };
  const apply = (event: LiveEvent) => {
    sequence += 1;
    if (event.sequence !== sequence) faults.push(`event ${event.sequence} instead of ${sequence}`);
    cursor = event.cursor;
    events.push(event.reason ?? event.__typename);
    const ids = event.sessions?.map((session) => session.id);
    if (ids) for (const session of [...shown]) if (!ids.includes(session)) disappear(session);
    for (const session of ids ?? []) appear(session);
    for (const session of event.disappearedIds ?? []) {
      if (!shown.has(session) && after === undefined) faults.push(`${session} was not there`);
      disappear(session);
    }
    for (const { id: session } of event.appeared ?? []) {
      if (shown.has(session)) faults.push(`${session} appears twice`);
      appear(session);
    }
  };
  const read = async () => {
    for (let told = await stream.next(); told; told = await stream.next()) {
      if (told.data) apply(told.data.scriptSessions);
      else faults.push(JSON.stringify(told.errors));
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  const sessions = () => [...shown].sort();
  return {
    sessions,
    events,
    faults,
    cursor: () => cursor,
    isOver: () => isOver,
    leave: stream.leave,
    shows: (...ids) => eventually(() => expect(sessions()).toEqual(ids)),
  };
}
