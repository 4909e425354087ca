import { LRUCache } from 'lru-cache';
import type { Fence, Generation, Generations, Write, WriteOutcome } from '../port.ts';
import { AccountWrites } from './account-writes.ts';
import { NOTE_WRITE } from './lua/note-write.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount, StoreAccounts } from './store-account.ts';
import { type UntoldWrite, UntoldWrites } from './untold-writes.ts';

export interface RedisGenerationsOptions {
  readonly link: RedisLink;
  readonly accounts: StoreAccounts;
  /** For how many ms a write is remembered: longer than any copy is kept, and than any call takes. */
  readonly keepMs: number;
}

const MAX_ACCOUNTS = 1_000;

/** Writes are counted in the store, before they are sent and again when they have ended. */
export class RedisGenerations implements Generations {
  readonly #options: RedisGenerationsOptions;
  readonly #writes = new LRUCache<StoreAccount, AccountWrites>({ max: MAX_ACCOUNTS });
  readonly #untold: UntoldWrites;
  #count = 0;

  constructor(options: RedisGenerationsOptions) {
    const { link } = options;
    this.#options = options;
    this.#untold = new UntoldWrites({
      tell: (write) => this.#note(write),
      forgetAll: () => link.beginEpoch(),
    });
    link.onBack(() => this.#untold.tellAll());
  }

  fence(name: string): Fence {
    const account = this.#options.accounts.of(name);
    return new RedisFence(this, this.#options.link, account, this.#writesOf(account));
  }

  #writesOf(account: StoreAccount): AccountWrites {
    let writes = this.#writes.get(account);
    if (!writes) {
      writes = new AccountWrites(account, this.#options.link);
      this.#writes.set(account, writes);
    }
    return writes;
  }

  nextWrite(): string {
    this.#count += 1;
    return `${this.#options.link.instance}.${this.#count}`;
  }

  /** False: the store is lost. */
  async tell(
    account: StoreAccount,
    id: string,
    resources: readonly string[],
    doubtMs: number,
  ): Promise<boolean> {
    const { link } = this.#options;
    if (link.loss > 0) return false;
    try {
      await this.#note({ account, id, resources, doubtUntil: link.now() + doubtMs });
      return true;
    } catch {
      return false;
    }
  }

  /** To be told once the store is back. */
  tellLater(write: UntoldWrite): void {
    this.#untold.add(write);
  }

  #note({ account, id, resources, doubtUntil }: UntoldWrite): Promise<unknown> {
    const doubtMs = Math.max(0, doubtUntil - this.#options.link.now());
    const keys = ['account', 'writes', 'doubts'].map((kind) => account.key(kind));
    return account.run(NOTE_WRITE, keys, [id, doubtMs, this.#options.keepMs + doubtMs, ...resources]);
  }
}

class RedisFence implements Fence {
  readonly #generations: RedisGenerations;
  readonly #link: RedisLink;
  readonly #account: StoreAccount;
  readonly #writes: AccountWrites;
  /** The life of the writes that were asked for; 0: none was. */
  #life = 0;

  constructor(generations: RedisGenerations, link: RedisLink, account: StoreAccount, writes: AccountWrites) {
    this.#generations = generations;
    this.#link = link;
    this.#account = account;
    this.#writes = writes;
  }

  read(resource: string): Generation | Promise<Generation> {
    if (this.#link.loss > 0) return this.#writes.read(resource, this.#link.loss);
    if (this.#life === this.#writes.life) return this.#writes.read(resource, 0);
    return this.#writes.refresh().then((isKnown) => {
      if (!isKnown) return this.#writes.read(resource, this.#link.loss || this.#link.lastLoss);
      this.#life = this.#writes.life;
      return this.#writes.read(resource, 0);
    });
  }

  async write(resources: readonly string[], doubtMs: number): Promise<Write> {
    if (resources.length === 0) return new TouchingNothing(this.#link);
    const names = resources.map((resource) => this.#account.vault.name(resource));
    const id = this.#generations.nextWrite();
    let isLost = !(await this.#generations.tell(this.#account, id, names, doubtMs));
    if (isLost) this.#writes.note(names, doubtMs);
    const end = async (outcome: WriteOutcome, stillMs: number) => {
      const leftMs = outcome === 'unknown' ? stillMs : 0;
      // What follows in the operation shows what the write has done.
      this.#life = 0;
      if (await this.#generations.tell(this.#account, id, names, leftMs)) return;
      isLost = true;
      this.#writes.note(names, leftMs);
      const doubtUntil = this.#link.now() + leftMs;
      this.#generations.tellLater({ account: this.#account, id, resources: names, doubtUntil });
    };
    return {
      end,
      get isLost() {
        return isLost;
      },
    };
  }
}

/** Such as a message to a session. */
class TouchingNothing implements Write {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  get isLost(): boolean {
    return this.#link.loss > 0;
  }

  end(): void {}
}
