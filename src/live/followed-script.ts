import { getSessions } from '../luaauth/scripts.ts';
import type { FeedSeat, Feeds } from '../state/port.ts';
import { AbortSource } from '../transport/signal.ts';
import type { FeedEntry } from './feed-entry.ts';
import { LiveScript } from './live-script.ts';
import type { LiveStream } from './live-stream.ts';
import { PollUsage } from './poll-access.ts';
import { Poller, type PollerOptions } from './poller.ts';

export interface FollowedScriptOptions extends Omit<PollerOptions, 'publish'> {
  readonly feeds: Feeds;
}

/** A script with its streams in this process, its seat in the feed that all processes share, and its poller if this one leads. */
export class FollowedScript {
  readonly script: LiveScript;
  readonly #options: FollowedScriptOptions;
  #seat: FeedSeat | undefined;
  #poller: Poller | undefined;
  /** What the API has said to this process when it refused. */
  #failure: unknown;

  constructor(options: FollowedScriptOptions) {
    this.#options = options;
    this.script = new LiveScript(options.today);
  }

  get size(): number {
    return this.script.size;
  }

  get isKnown(): boolean {
    return this.script.isKnown;
  }

  add(stream: LiveStream): void {
    this.script.add(stream);
    this.#seat ??= this.#join();
  }

  remove(stream: LiveStream): void {
    this.script.remove(stream);
  }

  /** If this process polls the script, it does so at once. */
  nudge(): void {
    this.#poller?.pollNow();
  }

  leave(): void {
    this.#rest();
    this.#seat?.leave();
    this.#seat = undefined;
    this.script.rest();
  }

  #join(): FeedSeat {
    const { feeds, origin, scriptId } = this.#options;
    return feeds.join(origin.account, scriptId, {
      lead: (isAnew) => {
        const publish = (entry: FeedEntry, isWhole: boolean) => this.#publish(entry, isWhole);
        this.#poller?.stop();
        this.#poller = new Poller({ ...this.#options, publish }, this.script.known(), isAnew);
        this.#poller.pollNow();
      },
      rest: () => this.#rest(),
      received: (entry, isLatest) => this.#receive(entry as FeedEntry, isLatest),
    });
  }

  #publish(entry: FeedEntry, isWhole: boolean): void {
    if (entry.kind !== 'end') {
      this.#seat?.publish(entry, isWhole ? 'whole' : 'part');
      return;
    }
    this.#failure = entry.failure;
    this.#seat?.publish({ kind: 'end' }, 'last');
  }

  #rest(): void {
    this.#poller?.stop();
    this.#poller = undefined;
  }

  #receive(entry: FeedEntry, isLatest: boolean): void {
    if (entry.kind !== 'end') this.script.receive(entry, isLatest);
    else void this.#askFailure().then((failure) => this.script.endAll(failure));
  }

  /** If it was another process that has been refused, this one asks for itself what is said. */
  async #askFailure(): Promise<{ readonly error: unknown } | undefined> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return { error: failure };
    const { openAccess, origin, clock, scriptId } = this.#options;
    const access = openAccess(origin, new PollUsage(), clock.now(), new AbortSource());
    try {
      await getSessions(access, { script_id: scriptId }, { from: 0, limit: 1 });
      return undefined;
    } catch (error) {
      return { error };
    }
  }
}
