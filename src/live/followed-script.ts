import { getSessions } from '../luaauth/scripts.ts';
import type { FeedSeat, Feeds } from '../state/port.ts';
import { AbortSource } from '../transport/signal.ts';
import type { EndEntry, FeedEntry } from './feed-entry.ts';
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

  nudge(): void {
    this.#seat?.nudge();
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
      lead: () => {
        const publish = (entry: FeedEntry, isWhole: boolean) => this.#seat?.publish(entry, isWhole);
        this.#poller?.stop();
        this.#poller = new Poller({ ...this.#options, publish }, this.script.known());
        this.#poller.pollNow();
      },
      rest: () => this.#rest(),
      received: (entry) => this.#receive(entry as FeedEntry),
      nudged: () => this.#poller?.pollNow(),
    });
  }

  #rest(): void {
    this.#poller?.stop();
    this.#poller = undefined;
  }

  #receive(entry: FeedEntry): void {
    if (entry.kind !== 'end') this.script.receive(entry);
    else void this.#failureOf(entry).then((failure) => this.script.endAll(failure));
  }

  /** Another process has been refused: this one asks for itself what is said. */
  async #failureOf({ failure }: EndEntry): Promise<{ readonly error: unknown } | undefined> {
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
