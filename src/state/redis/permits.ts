import type { Permit } from '../port.ts';
import { LONGEST_WAY_MS, WINDOW_MS } from '../sliding-window-log.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { HELD_KEPT_MS } from './reservation-log.ts';

/** In the place of how many ms ago the request of a permit arrived. */
const NOT_SENT = -1;
const STILL_HELD = -2;

/**
 * KEYS: account, held permits, permits that were used. ARGV: for how many ms the account is remembered, then for each permit
 * its name, and how many ms ago its request arrived, or one of the above.
 */
const SETTLE_PERMITS = lua`
for index = 2, #ARGV, 2 do
  local permit, ago = ARGV[index], tonumber(ARGV[index + 1])
  if ago == ${STILL_HELD} then redis.call('ZADD', KEYS[2], now, permit) else redis.call('ZREM', KEYS[2], permit) end
  if ago >= 0 then
    raise(KEYS[1], tonumber(ARGV[1]))
    if ago < ${WINDOW_MS} then redis.call('ZADD', KEYS[3], now - ago + ${WINDOW_MS}, permit) end
  end
end
raise(KEYS[2], ${HELD_KEPT_MS})
redis.call('PEXPIRE', KEYS[3], ${2 * WINDOW_MS})
return 0`;

interface HeldPermitsOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The keys of the permits that are held, and of those that were used. */
  readonly held: string;
  readonly sent: string;
  readonly onFreed: () => void;
}

interface HeldPermit {
  readonly id: string;
  /** Whether the store has heard of it. */
  isInStore: boolean;
}

interface Settled {
  readonly id: string;
  /** Undefined: nothing was sent. */
  readonly arrivedAt: number | undefined;
}

/**
 * The permits that this process has of one quota. It reports their ends to the store, all of one turn together. Those that
 * it took of its share, without the store, it enters there once the store is back.
 */
export class HeldPermits {
  readonly #options: HeldPermitsOptions;
  /** Those that are not settled. */
  readonly #open = new Set<HeldPermit>();
  #settled: Settled[] = [];
  #isReporting = false;

  constructor(options: HeldPermitsOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    if (this.#options.link.isDegraded) this.#dropOld();
    return this.#open.size === 0 && this.#settled.length === 0;
  }

  nextName(): string {
    return `${this.#options.link.membership.nextName()}.`;
  }

  /** A permit that the store gave, or `own`: one of the share, of which the store does not know. */
  hold(id: string, own?: Permit): Permit {
    const { link } = this.#options;
    const held: HeldPermit = { id, isInStore: own === undefined };
    this.#open.add(held);
    link.whenChanged(this.#enter);
    let sentAt: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const settle = (arrivedAt: number | undefined) => {
      if (!this.#open.delete(held)) return;
      if (arrivedAt !== undefined || held.isInStore) this.#report([{ id, arrivedAt }]);
    };
    return {
      sent() {
        if (sentAt !== undefined) return;
        own?.sent();
        sentAt = link.now();
        timer = setTimeout(settle, LONGEST_WAY_MS, sentAt + LONGEST_WAY_MS).unref();
      },
      answered() {
        if (sentAt === undefined) return;
        own?.answered();
        clearTimeout(timer);
        settle(Math.min(sentAt + LONGEST_WAY_MS, link.now()));
      },
      release() {
        if (sentAt !== undefined) return;
        own?.release();
        settle(undefined);
      },
    };
  }

  /** Permits that the store may have given in an answer that was lost. */
  giveUp(ids: readonly string[]): void {
    this.#report(ids.map((id) => ({ id, arrivedAt: undefined })));
  }

  #report(settled: readonly Settled[]): void {
    this.#settled.push(...settled);
    if (this.#isReporting) return;
    this.#isReporting = true;
    setImmediate(() => {
      this.#isReporting = false;
      void this.#publish([]);
    });
  }

  /** Publishes all that has ended, and those that are still held. */
  async #publish(held: readonly HeldPermit[]): Promise<void> {
    const { link, account, held: heldKey, sent, onFreed } = this.#options;
    link.whenChanged(this.#enter);
    if (link.isDegraded) return this.#dropOld();
    const settled = this.#settled;
    this.#settled = [];
    const facts: (string | number)[] = [];
    const now = link.now();
    for (const { id, arrivedAt } of settled)
      facts.push(id, arrivedAt === undefined ? NOT_SENT : Math.max(0, now - arrivedAt));
    for (const permit of held) {
      permit.isInStore = true;
      facts.push(permit.id, STILL_HELD);
    }
    try {
      await link.run(SETTLE_PERMITS, [account.key('account'), heldKey, sent], [account.keepMs, ...facts]);
      if (this.isEmpty) link.notWhenChanged(this.#enter);
      if (settled.some(({ arrivedAt }) => arrivedAt === undefined)) onFreed();
    } catch {
      // The store is lost.
      this.#settled = [...settled, ...this.#settled];
    }
  }

  /** A request older than the window counts no more. */
  #dropOld(): void {
    const from = this.#options.link.now() - WINDOW_MS;
    this.#settled = this.#settled.filter(({ arrivedAt = Number.POSITIVE_INFINITY }) => arrivedAt > from);
  }

  /** The store is back, or new: enters what it does not know, so that the others need leave no room for it. */
  readonly #enter = async (): Promise<void> => {
    if (!this.isEmpty) await this.#publish([...this.#open]);
  };
}
