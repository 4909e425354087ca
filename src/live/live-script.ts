import type { Session } from '../luaauth/sessions.ts';
import type { ChangeEntry, DelayReason, EndEntry, FeedEntry, SnapshotEntry } from './feed-entry.ts';
import { EVERY_SESSION, type LiveEvent, type SessionTest } from './live-event.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import type { KnownState } from './poller.ts';

/** For how many changes back a cursor is known, and for how many sessions in them. */
const MAX_CHANGES = 256;
const MAX_CHANGED = 5_000;
/**
 * How much is told in one turn of the event loop, in sessions: each event has to be executed and written, which takes time
 * and memory by its sessions. One without any counts as so many.
 */
const SESSIONS_A_TURN = 2_000;
const SESSIONS_AN_EVENT = 40;

/** What is known of one script's sessions, and who wants to know. It only receives: who polls is not its business. */
export class LiveScript implements StreamSource {
  readonly #today: () => number;
  readonly #streams = new Set<LiveStream>();
  #epoch: string | undefined;
  #version = 0;
  #isCurrent = false;
  #asOf = 0;
  #nextPollMs = 0;
  #isComplete = true;
  #sessions = new Map<string, Session>();
  #all: readonly Session[] | undefined;
  #changes: ChangeEntry[] = [];
  #changed = 0;
  #delay: DelayReason | undefined;

  constructor(today: () => number) {
    this.#today = today;
  }

  get isKnown(): boolean {
    return this.#epoch !== undefined;
  }

  get isCurrent(): boolean {
    return this.isKnown && this.#isCurrent;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get size(): number {
    return this.#streams.size;
  }

  has(sessionId: string): boolean {
    return this.#sessions.has(sessionId);
  }

  /** For a poller to go on from. */
  known(): KnownState | undefined {
    if (this.#epoch === undefined) return undefined;
    const sessions = this.sessions(EVERY_SESSION);
    return { epoch: this.#epoch, version: this.#version, sessions, isComplete: this.#isComplete };
  }

  add(stream: LiveStream): void {
    this.#streams.add(stream);
    if (this.#delay) stream.delayed(this.#delay);
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  endAll(failure?: { readonly error: unknown }): void {
    const streams = [...this.#streams];
    for (const stream of streams) {
      if (failure) stream.fail(failure.error);
      else stream.end();
    }
    wake(streams);
  }

  sessions(isWanted: SessionTest): readonly Session[] {
    this.#all ??= [...this.#sessions.values()];
    return isWanted === EVERY_SESSION ? this.#all : this.#all.filter(isWanted);
  }

  position() {
    const cursor = `${this.#epoch}.${this.#version}`;
    // Of a script of which nothing was read yet, that is what is known.
    const asOf = this.isKnown ? this.#asOf : this.#today();
    return { cursor, asOf, nextPollMs: this.#nextPollMs };
  }

  changesSince(cursor: string): readonly ChangeEntry[] | undefined {
    const [epoch, digits = ''] = cursor.split('.', 2);
    const version = /^\d{1,15}$/.test(digits) ? Number(digits) : Number.NaN;
    if (epoch !== this.#epoch || !(version <= this.#version)) return undefined;
    const missed = this.#changes.filter((change) => change.version > version);
    return missed.length === this.#version - version ? missed : undefined;
  }

  /** `isLatest`: as far as is known. Until then who goes on from a cursor waits. */
  receive(entry: Exclude<FeedEntry, EndEntry>, isLatest: boolean): void {
    this.#nextPollMs = entry.nextPollMs;
    if (entry.kind === 'delay') {
      this.#delay = entry.reason;
      this.#tell((stream) => stream.delayed(entry.reason));
      return;
    }
    if (entry.kind === 'snapshot') this.#replace(entry);
    // Of what came before a change nothing is known here: a snapshot follows.
    if (!this.isKnown) return;
    this.#delay = undefined;
    this.#isCurrent = isLatest;
    this.#asOf = entry.asOf;
    if (entry.kind === 'change') this.#change(entry);
    this.#tell((stream) => {
      if (entry.kind === 'change') stream.changed(entry);
      else if (entry.kind === 'snapshot') stream.refreshed();
      else stream.known();
    });
  }

  /** Nobody looks any more: what is known is only good to go on from. */
  rest(): void {
    this.#isCurrent = false;
  }

  #replace({ epoch, version, sessions, isComplete }: SnapshotEntry): void {
    if (epoch !== this.#epoch || version !== this.#version) this.#forgetChanges();
    this.#epoch = epoch;
    this.#version = version;
    this.#isComplete = isComplete;
    this.#sessions = new Map(sessions.map((session) => [session.id ?? '', session]));
    this.#all = undefined;
  }

  #change(entry: ChangeEntry): void {
    this.#version = entry.version;
    for (const { id = '' } of entry.disappeared) this.#sessions.delete(id);
    for (const session of entry.appeared) this.#sessions.set(session.id ?? '', session);
    this.#all = undefined;
    this.#keep(entry);
  }

  #keep(entry: ChangeEntry): void {
    this.#changes.push(entry);
    this.#changed += weigh(entry);
    while (this.#changes.length > MAX_CHANGES || this.#changed > MAX_CHANGED)
      this.#changed -= weigh(this.#changes.shift() as ChangeEntry);
  }

  #forgetChanges(): void {
    this.#changes = [];
    this.#changed = 0;
  }

  /** All know at once, or a cursor would promise what an event does not hold; they are woken one after the other. */
  #tell(tell: (stream: LiveStream) => void): void {
    for (const stream of this.#streams) tell(stream);
    wake([...this.#streams]);
  }
}

function wake(streams: readonly LiveStream[], from = 0): void {
  let index = from;
  for (let told = 0; index < streams.length && told < SESSIONS_A_TURN; index++) {
    const event = streams[index]?.deliver();
    if (event) told += SESSIONS_AN_EVENT + sessionsIn(event);
  }
  if (index < streams.length) setImmediate(wake, streams, index);
}

function sessionsIn(event: LiveEvent): number {
  if (event.type === 'SessionsSnapshot') return event.sessions.length;
  return event.type === 'SessionsChange' ? event.appeared.length : 0;
}

function weigh({ appeared, disappeared }: ChangeEntry): number {
  return appeared.length + disappeared.length;
}
