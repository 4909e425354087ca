import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { EntryFollower, EntryUpdate } from '../../state/port.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { type EntryView, KEEP_MS } from './live-look.ts';
import { type Attempt, compareAndSet, OUTCOME, parsedObject } from './record-store.ts';

/** The maximum size of the changes that are stored since the whole entry, in bytes. Limits what a new process reads. */
const MAX_CHANGES_BYTES = 1024 * 1024;
/** Each change counts as at least this many bytes, which limits the number of changes too. */
const MIN_CHANGE_BYTES = 4 * 1024;

/** The age of an entry that was stored before the clock of Redis was set back, in ms. */
const UNKNOWN_AGE_MS = 1e12;

/** A process that leaves gives up its lease in a newer version, at most this often. */
const MOST_TRIES = 10;
/** The most stored changes that are dropped at once. */
const MOST_CHANGES = 1_000;

interface LiveEntryOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The entry's name in the store. */
  readonly name: string;
  readonly channel: string;
  readonly follower: EntryFollower;
  /** Called when the entry needs a look at once. */
  readonly onDue: () => void;
  readonly onGone: () => void;
}

export type FollowedEntryInRedis = ReturnType<typeof followEntryInRedis>;

/** An entry as this process has seen it. */
interface Seen {
  readonly version: string;
  /** The holder of the lease; empty: the lease is free. */
  readonly leader: string;
  readonly storedAt: number;
  /** Names the data; empty: there are none. */
  readonly stamp: string;
  /** The numbers of the last change, and of the first stored change. */
  readonly number: number;
  readonly first: number;
}

/** The process has not seen the entry yet. */
const NOTHING_SEEN: Seen = { version: '', leader: '', storedAt: 0, stamp: '', number: -1, first: 0 };

/** The fields of the stored changes. */
function changesOf({ number, first }: Seen): string[] {
  const from = Math.max(first, number - MOST_CHANGES);
  return Array.from({ length: Math.max(0, number + 1 - from) }, (_one, index) => `${from + index}`);
}

type Change = Partial<Pick<Attempt, 'from' | 'dropped' | 'written'>>;

/**
 * Follows an entry in Redis. Each change of the data or the lease gives the entry a new version, and a process changes only the
 * version that it has seen. So no process overwrites what it does not know. While Redis is lost, the follower leads alone.
 */
export function followEntryInRedis(options: LiveEntryOptions) {
  const { link, account, name, channel, follower, onDue, onGone } = options;
  const { membership } = link;
  const { encryption } = account;
  const key = account.key(`live-${name}`);
  const keys = [key, account.key('account')] as const;
  /** The name under which this process holds the lease. Each lease gets a new name. */
  let holder = membership.nextName();
  /** Whether this process has the lease, and the bytes of the changes since it has stored the whole entry. */
  let lease: { changesBytes: number } | undefined;
  let seen = NOTHING_SEEN;
  /** Whether a change of the entry is on its way. */
  let isChanging = false;
  let isAlone = false;
  let isGone = false;
  /** Called after the next look, and after the look that is under way. */
  const refreshing: (() => void)[] = [];
  const looking: (() => void)[] = [];
  /** Each change waits here until the change before is stored. */
  let changed: Promise<unknown> = Promise.resolve();

  const seal = (value: object | undefined, location: string) =>
    value ? encryption.seal(JSON.stringify(value), location) : '';
  const open = (sealed: Buffer | null | undefined, location: string) => {
    const text = sealed?.length ? encryption.open(sealed, location) : undefined;
    return text === undefined ? undefined : parsedObject(text);
  };

  /**
   * Changes the version that this process has seen. `make` gets the time on the clock of Redis, or an earlier time. Returns
   * whether the change is stored. @throws when Redis is lost.
   */
  const change = async (next: string, make: (now: number) => Change): Promise<boolean> => {
    isChanging = true;
    try {
      const made = make(membership.clock.expectedAt(link.now()));
      const attempt = { keys, version: seen.version, keepMs: KEEP_MS, next, asked: ['leader'] };
      const reply = await compareAndSet(link, link.run, { ...attempt, written: [], ...made });
      const [outcome, storedAt, version, , values] = reply;
      // The estimate of the time has been corrected.
      if (outcome === OUTCOME.early) return await change(next, make);
      const isStored = outcome === OUTCOME.stored;
      if (isStored) seen = { ...seen, version: next, storedAt };
      // A process that leaves gives up its lease in this version.
      else if (isGone) seen = { ...seen, version: String(version), leader: String(values[0] ?? '') };
      return isStored;
    } finally {
      isChanging = false;
    }
  };
  const inOrder = <T>(action: () => Promise<T>): Promise<T> => {
    const result = changed.then(action);
    changed = result.catch(() => undefined);
    return result;
  };
  const publish = (stamp: string) => {
    link.send('PUBLISH', channel, `${key} ${stamp}`).catch(() => undefined);
  };

  /** Hands on what another process has stored. Returns whether the follower can use it. */
  const read = (view: EntryView, askedAt: number): boolean => {
    const [, , , stamp, number = 0, , isCurrent, ageThenMs = 0, ...sealed] = view;
    const knownAgeMs = ageThenMs < 0 ? UNKNOWN_AGE_MS : ageThenMs;
    // After a stall the reply is old. The age counts from the look, so old data never count as new.
    const ageMs = knownAgeMs + link.now() - askedAt;
    const [sealedHead, sealedWhole, sealedChanges = []] = sealed;
    const head = open(sealedHead, `${key} ${stamp}`);
    const whole = open(sealedWhole, `${key} whole`);
    const from = number - sealedChanges.length + 1;
    const changes = sealedChanges.flatMap((one, index) => open(one, `${key} ${from + index}`) ?? []);
    if (!head || (sealedWhole && !whole)) return false;
    if (follower.found({ head, whole, changes, ageMs, isCurrent: isCurrent === 1 })) return true;
    // A gateway of another version has stored the entry.
    if (seen === NOTHING_SEEN) link.rejected('live');
    return false;
  };

  const refreshed = () => {
    for (const resolve of looking.splice(0)) resolve();
  };
  const lead = () => {
    if (!lease) {
      lease = { changesBytes: Number.POSITIVE_INFINITY };
      follower.lead();
    }
    refreshed();
  };

  const takeLease = async () => {
    const isTaken = await change(membership.nextName(), () => ({ written: ['leader', holder] }));
    if (isTaken) seen = { ...seen, leader: holder };
    if (isGone || isAlone) return;
    if (isTaken) lead();
    else onDue();
  };
  /** Drops data that cannot be read, so that the process with the lease stores them again. */
  const dropData = async (broken: Seen) => {
    seen = { ...broken, stamp: '', number: -1, first: 0 };
    const fields = ['stamp', 'by', 'number', 'first', 'readAt', 'head', 'whole'];
    const dropped = [...fields, ...changesOf(broken)];
    if (!(await change(membership.nextName(), () => ({ dropped })))) seen = NOTHING_SEEN;
    if (!isGone) onDue();
  };
  const release = async () => {
    for (let tries = 1; tries <= MOST_TRIES && seen.leader === holder; tries += 1) {
      if (!(await change(membership.nextName(), () => ({ dropped: ['leader'] })))) continue;
      seen = { ...seen, leader: '' };
      publish('');
    }
  };
  /** Makes a change that needs no answer. If Redis is lost, the follower leads alone. */
  const begin = (action: () => Promise<void>): undefined => {
    isChanging = true;
    inOrder(action).catch(() => undefined);
  };

  /** Takes in a view. Returns false if another look is needed; undefined: a change of the entry comes first. */
  const take = (view: EntryView, asked: Seen, askedAt: number): boolean | undefined => {
    const [versionNow, leader = '', storedAt = 0, stampNow = '', number = seen.number, first = number + 1] =
      view;
    if (!versionNow) return false;
    const version = String(versionNow);
    if (version !== seen.version) {
      // This process changes the entry, or has changed it since the look.
      if (asked !== seen || isChanging) return false;
      const stamp = String(stampNow);
      const found = { version, leader: String(leader), storedAt: Number(storedAt), stamp, number, first };
      if (stamp !== seen.stamp || found.leader !== holder) lease = undefined;
      if (stamp !== seen.stamp && stamp !== '' && !read(view, askedAt)) {
        seen = NOTHING_SEEN;
        return asked === NOTHING_SEEN ? begin(() => dropData(found)) : false;
      }
      seen = found;
      // The news may have ended all streams.
      if (isGone) return true;
    }
    if (isChanging) return undefined;
    if (seen.leader === holder) lead();
    else if (seen.leader !== '' && membership.isHeld(seen.leader, seen.storedAt)) {
      holder = membership.nextName();
      lease = undefined;
      follower.yield();
    } else return begin(takeLease);
    return true;
  };

  const store = async (update: EntryUpdate, given: typeof lease) => {
    if (!given || lease !== given || isGone) return false;
    const { head, isNew, whole, ageMs } = update;
    const number = Math.max(0, seen.number) + (update.change || isNew ? 1 : 0);
    const stamp = membership.nextName();
    const sealedChange = seal(update.change, `${key} ${number}`);
    const bytes = update.change ? Math.max(MIN_CHANGE_BYTES, sealedChange.length) : 0;
    const isWhole = isNew || given.changesBytes + bytes > MAX_CHANGES_BYTES;
    const sealedWhole = isWhole ? seal(whole(), `${key} whole`) : '';
    const sealedHead = seal(head, `${key} ${stamp}`);
    const isFirst = sealedWhole !== '' || seen.stamp === '';
    const first = isFirst ? number + (sealedChange ? 0 : 1) : seen.first;
    const written = [
      ...['stamp', stamp, 'by', holder, 'number', number, 'first', first, 'head', sealedHead],
      ...(sealedChange ? [number, sealedChange] : []),
      ...(sealedWhole ? ['whole', sealedWhole] : []),
    ];
    const dropped = sealedWhole ? changesOf(seen) : [];
    try {
      const isStored = await change(stamp, (now) => ({
        from: now,
        dropped,
        written: [...written, 'readAt', now - Math.floor(ageMs)],
      }));
      if (isStored) {
        seen = { ...seen, stamp, number, first };
        publish(stamp);
      }
      // A look of an entry that was left would take the lease again.
      if (isGone || lease !== given) return false;
      if (isStored) given.changesBytes = sealedWhole ? 0 : given.changesBytes + bytes;
      else {
        lease = undefined;
        onDue();
      }
      return isStored;
    } catch {
      // Redis is lost: the follower leads alone.
      return false;
    }
  };

  return {
    key,
    /** Gives this entry's part of a look. Looks never overlap. */
    look() {
      const asked = seen;
      const askedAt = link.now();
      looking.push(...refreshing.splice(0));
      return {
        args: [seen.version, seen.number],
        answered(view: EntryView) {
          if (isGone || isAlone) return;
          const isTaken = take(view, asked, askedAt);
          if (isTaken === true) refreshed();
          else if (isTaken === false) onDue();
        },
      };
    },
    store(update: EntryUpdate): MaybePromise<boolean> {
      if (isAlone) return !isGone;
      const given = lease;
      return inOrder(() => store(update, given));
    },
    refresh(): MaybePromise<void> {
      // A process that stood still may have lost the lease.
      if (isAlone || (lease && membership.hasJustBeaten)) return undefined;
      return new Promise((resolve) => {
        refreshing.push(resolve);
        onDue();
      });
    },
    /** The returned Promise resolves when Redis has heard of it. */
    async leave(): Promise<void> {
      if (isGone) return;
      isGone = true;
      onGone();
      await inOrder(release).catch(() => undefined);
    },
    /** Called when Redis is lost. */
    degrade() {
      if (isGone || isAlone) return;
      isAlone = true;
      lease = undefined;
      holder = membership.nextName();
      follower.lead();
      looking.push(...refreshing.splice(0));
      refreshed();
    },
    /** Called when Redis is back. */
    recover() {
      if (!isAlone) return;
      isAlone = false;
      seen = NOTHING_SEEN;
      onDue();
    },
    /** Takes a message about the entry: its stamp, or nothing if the lease is free. */
    receive(stamp: string) {
      if (stamp !== seen.stamp && !stamp.startsWith(`${membership.instance}.`)) onDue();
    },
  };
}
