import type { CacheEntry, CopyAnswer, CopyQuestion, Lead, SharedCopies } from '../port.ts';
import { ASK_COPY } from './lua/ask-copy.ts';
import { DROP_COPY, GIVE_UP_COPY, KEEP_COPY, RENEW_LEAD } from './lua/keep-copy.ts';
import type { LuaScript } from './lua/lua.ts';
import type { Argument } from './redis-connection.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount, StoreAccounts } from './store-account.ts';

/** What is larger is not shared: it would keep all others from the store. */
const MAX_SHARED_BYTES = 1024 * 1024;
/** How long others wait for a process that has ended. */
const LEASE_MS = 3_000;
const RENEW_EVERY_MS = 1_000;

const COPY = { isThere: 1, isLed: 2 };

/** Copies that the processes of a gateway share, each encrypted under its account's key. */
export class RedisCopies implements SharedCopies {
  readonly #link: RedisLink;
  readonly #accounts: StoreAccounts;
  readonly #leads = new Set<StoreLead>();
  #count = 0;
  #renewing: NodeJS.Timeout | undefined;

  constructor(link: RedisLink, accounts: StoreAccounts) {
    this.#link = link;
    this.#accounts = accounts;
  }

  async ask(accountName: string, key: string, question: CopyQuestion): Promise<CopyAnswer> {
    const account = this.#accounts.of(accountName);
    const place = account.key(`copy-${account.vault.name(key)}`);
    try {
      const answer = await this.#ask(account, place, question);
      if (answer) return answer;
      // What cannot be read is as good as nothing.
      await this.#link.run(DROP_COPY, [place], []);
      return (await this.#ask(account, place, question)) ?? WITHOUT_OTHERS;
    } catch {
      return WITHOUT_OTHERS;
    }
  }

  /** Undefined: there is something, but nothing that was kept here. @throws when the store is lost. */
  async #ask(account: StoreAccount, place: string, question: CopyQuestion): Promise<CopyAnswer | undefined> {
    const { freshMs, since = 0, isBackground } = question;
    this.#count += 1;
    const id = `${this.#link.instance}.${this.#count}`;
    const args = [freshMs, since, id, LEASE_MS, isBackground ? 1 : 0];
    const reply = await this.#link.run(ASK_COPY, [place], args);
    const [askedAt, what, ageMs, value] = reply as [number, number, number, Buffer];
    const lead = what === COPY.isThere || what === COPY.isLed ? undefined : this.#begin(account, place, id);
    const entry = value.length > 0 ? open(account, place, value, ageMs) : undefined;
    if (value.length > 0 && !entry) {
      lead?.giveUp();
      return undefined;
    }
    return { entry, isEnough: what === COPY.isThere, lead, askedAt };
  }

  #begin(account: StoreAccount, place: string, id: string): Lead {
    const lead = new StoreLead(this, account, place, id);
    this.#leads.add(lead);
    this.#renewing ??= setInterval(() => this.#renew(), RENEW_EVERY_MS).unref();
    return lead;
  }

  /** `keys`: what the script needs beside the copy. What cannot be told ends by itself. */
  tell(lead: StoreLead, script: LuaScript, keys: readonly string[], args: readonly Argument[]): void {
    this.#leads.delete(lead);
    if (this.#leads.size === 0) {
      clearInterval(this.#renewing);
      this.#renewing = undefined;
    }
    this.#link.run(script, [lead.place, ...keys], [lead.id, ...args]).catch(() => undefined);
  }

  #renew(): void {
    for (const { place, id } of this.#leads) {
      this.#link.run(RENEW_LEAD, [place], [id, LEASE_MS]).catch(() => undefined);
    }
  }
}

class StoreLead implements Lead {
  readonly place: string;
  readonly id: string;
  readonly #copies: RedisCopies;
  readonly #account: StoreAccount;

  constructor(copies: RedisCopies, account: StoreAccount, place: string, id: string) {
    this.#copies = copies;
    this.#account = account;
    this.place = place;
    this.id = id;
  }

  keep({ value, bytes, ageMs }: CacheEntry, ttlMs: number): void {
    if (bytes > MAX_SHARED_BYTES || ttlMs <= 0) {
      this.giveUp();
      return;
    }
    const sealed = this.#account.vault.seal(JSON.stringify({ value, bytes }), this.place);
    this.#copies.tell(this, KEEP_COPY, [this.#account.key('account')], [ageMs, ttlMs, sealed]);
  }

  giveUp(): void {
    this.#copies.tell(this, GIVE_UP_COPY, [], []);
  }
}

function open({ vault }: StoreAccount, place: string, sealed: Buffer, ageMs: number): CacheEntry | undefined {
  const text = vault.open(sealed, place);
  return text === undefined ? undefined : { ...(JSON.parse(text) as Omit<CacheEntry, 'ageMs'>), ageMs };
}

/** The store is lost: each process makes its own calls. */
const WITHOUT_OTHERS: CopyAnswer = {
  entry: undefined,
  isEnough: false,
  lead: { keep() {}, giveUp() {} },
  askedAt: 0,
};
