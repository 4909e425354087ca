import {
  changesSince,
  isKnown,
  isLater,
  type LiveParts,
  type LiveRecord,
  NOTHING_KNOWN,
  readParts,
  wholeOf,
  withChanges,
} from '../../../src/features/live/live-record.ts';
import type { Session } from '../../../src/luaauth/sessions.ts';
import type { State } from '../../../src/state/port.ts';

export type TestFollower = ReturnType<typeof followEntry>;

/** A session that has only what the tests look at. */
export const sessionOf = (id: string, user_key = '') => ({ id, user_key }) as Session;

const justRead = () => ({ readAt: performance.now(), readBy: performance.now() });

let made = 0;

/** Follows an entry as a live script does, and writes down what happens. */
export function followEntry({ live }: State, account = 'account', name = 'entry') {
  let epoch = '';
  let known: LiveRecord = NOTHING_KNOWN;
  const roles: ('lead' | 'yield')[] = [];
  /** The parts that were found: all of the entry, or a number of changes. */
  const found: ('whole' | number)[] = [];
  if (!live) throw new Error('The state has no live entries.');
  const entry = live.follow(account, name, {
    lead() {
      made += 1;
      epoch = `epoch${made}`;
      roles.push('lead');
    },
    yield() {
      if (roles.at(-1) === 'lead') roles.push('yield');
    },
    found({ isCurrent: _isCurrent, ...parts }) {
      const next = readParts(known, parts as LiveParts, performance.now());
      if (!next) return false;
      found.push(parts.whole ? 'whole' : parts.changes.length);
      if (!isLater(known, next)) known = next;
      return true;
    },
  });
  const store = async (record: LiveRecord, change?: LiveRecord['changes'][number]) => {
    const isNew = !isKnown(known);
    const update = { head: record.head, ageMs: performance.now() - record.readAt, isNew };
    const isStored = await entry.store({
      ...update,
      change: isNew ? undefined : change,
      whole: () => wholeOf(record),
    });
    if (isStored) known = record;
    return isStored;
  };
  return {
    entry,
    roles,
    found,
    get isLeading() {
      return roles.at(-1) === 'lead';
    },
    /** The ids of the known sessions. */
    ids: () => [...known.sessions.keys()],
    cursor: () => known.head.cursor,
    /** Whether a stream can continue from a cursor. */
    knows: (cursor: string) => changesSince(known, cursor) !== undefined,
    /** Stores that a session has appeared. Returns whether it is stored. */
    appear(id: string, text = ''): Promise<boolean> {
      const since = known.head.cursor;
      const cursor = `${epoch}.${Number(since.split('.')[1]) + 1}`;
      const change = { since, cursor, appeared: [sessionOf(id, text)], disappeared: [] };
      const head = { ...known.head, cursor, isComplete: true };
      const content = withChanges(known, [change]);
      const changes = isKnown(known) ? content.changes : [];
      return store({ ...content, changes, head, ...justRead() }, change);
    },
    /** Stores that nothing has changed. */
    stay: () => store({ ...known, ...justRead() }),
  };
}
