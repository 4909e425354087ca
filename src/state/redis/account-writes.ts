import type { Generation } from '../port.ts';
import { READ_FENCE } from './lua/read-fence.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount } from './store-account.ts';
import { EVERY_RESOURCE } from './untold-writes.ts';

/** The writes of an account, as the store had them when it was last asked. */
export class AccountWrites {
  #life = 1;
  /** The last loss after which all was forgotten. */
  #loss: number;
  readonly #link: RedisLink;
  readonly #account: StoreAccount;
  #name = '';
  #count = '';
  #forgotten = 0;
  #last = new Map<string, number | string>();
  #doubtUntil = new Map<string, number>();
  #ownCount = 0;
  #forgetting = 0;
  /** The question that leaves with the end of this turn of the event loop. */
  #asking: Promise<boolean> | undefined;

  constructor(account: StoreAccount, link: RedisLink) {
    this.#account = account;
    this.#link = link;
    this.#loss = link.lastLoss;
  }

  /** Another one whenever nothing is known any more, such as after a loss. */
  get life(): number {
    if (this.#link.loss === 0 && this.#loss !== this.#link.lastLoss) {
      this.#loss = this.#link.lastLoss;
      this.#forget();
    }
    return this.#life;
  }

  /** Asks the store what was written since: all who want to know in one turn by one command. False: it is lost. */
  refresh(): Promise<boolean> {
    this.#asking ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#asking = undefined;
        this.#ask().then(resolve, () => resolve(false));
      }),
    );
    return this.#asking;
  }

  read(resource: string, loss: number): Generation {
    // To name a resource costs more than all else here, and most accounts write seldom.
    if (this.#last.size === 0 && this.#doubtUntil.size === 0)
      return { number: `${this.#name}.${this.#forgotten}`, isInDoubt: false, loss };
    const name = this.#account.vault.name(resource);
    const last = this.#last.get(name) ?? 0;
    const number = typeof last === 'string' ? last : Math.max(last, this.#forgotten);
    const doubtUntil = Math.max(this.#doubtUntil.get(name) ?? 0, this.#doubtUntil.get(EVERY_RESOURCE) ?? 0);
    return { number: `${this.#name}.${number}`, isInDoubt: doubtUntil > this.#link.now(), loss };
  }

  /** Notes a write of which the store cannot be told. */
  note(resources: readonly string[], doubtMs: number): void {
    this.#ownCount += 1;
    for (const resource of resources) {
      this.#last.set(resource, `${this.#count}-${this.#ownCount}`);
      this.#doubtUntil.set(resource, this.#link.now() + doubtMs);
    }
    if (this.#last.size > MAX_NOTED) this.#forgetResources();
  }

  /** All resources of the account were written to, then. */
  #forgetResources(): void {
    const doubtUntil = Math.max(...this.#doubtUntil.values());
    this.#forget();
    this.#forgetting += 1;
    this.#name = `forgotten-${this.#forgetting}`;
    this.#doubtUntil.set(EVERY_RESOURCE, doubtUntil);
  }

  #forget(): void {
    this.#life += 1;
    this.#name = '';
    this.#count = '';
    this.#forgotten = 0;
    this.#last = new Map();
    this.#doubtUntil = new Map();
  }

  async #ask(): Promise<boolean> {
    const account = this.#account;
    const keys = ['account', 'writes', 'doubts', 'held', 'sent', 'pace'].map((kind) => account.key(kind));
    for (;;) {
      const { life } = this;
      const reply = await account.run(READ_FENCE, keys, [this.#name, this.#count]);
      const [isNews, used, pausedMs, ...news] = reply as [number, number, number, ...unknown[]];
      account.note(used, pausedMs);
      if (isNews === 0 && life === this.life) return true;
      if (life === this.life) {
        this.#learn(news as News);
        return true;
      }
    }
  }

  #learn([name, count, forgotten, written, doubts]: News): void {
    if (String(name) !== this.#name) this.#forget();
    this.#name = String(name);
    // Of two answers under way the later one knows more.
    if (Number(count) < Number(this.#count || -1)) return;
    this.#count = String(count);
    this.#forgotten = Number(forgotten);
    for (const [resource, number] of pairs(written)) this.#last.set(resource, Number(number));
    this.#doubtUntil = new Map();
    const now = this.#link.now();
    for (const [write, leftMs] of pairs(doubts)) {
      const [resource = ''] = write.split(' ');
      const until = now + Number(leftMs);
      this.#doubtUntil.set(resource, Math.max(until, this.#doubtUntil.get(resource) ?? 0));
    }
    // What the store has forgotten is as old as what it says so of.
    if (this.#last.size > MAX_REMEMBERED) {
      for (const [resource, number] of this.#last) {
        if (Number(number) <= this.#forgotten) this.#last.delete(resource);
      }
    }
  }
}

const MAX_REMEMBERED = 20_000;
/** Of own writes while the store is lost. */
const MAX_NOTED = 30_000;

type News = [
  name: Buffer,
  count: Buffer,
  forgotten: Buffer,
  written: readonly unknown[],
  doubts: readonly unknown[],
];

function* pairs(flat: readonly unknown[]): Generator<[string, unknown]> {
  for (let index = 0; index < flat.length; index += 2) yield [String(flat[index]), flat[index + 1]];
}
