import type { StoreAccount } from './store-account.ts';

/** A write of which the store does not know how it ended. */
export interface UntoldWrite {
  readonly account: StoreAccount;
  readonly id: string;
  readonly resources: readonly string[];
  readonly doubtUntil: number;
}

export interface UntoldOptions {
  /** Tells the store of one. @throws when it is lost again. */
  readonly tell: (write: UntoldWrite) => Promise<unknown>;
  /** Makes all that the store knows count for nothing. @throws when it is lost again. */
  readonly forgetAll: () => Promise<unknown>;
  readonly maxWrites?: number;
  readonly maxAccounts?: number;
}

/** Stands for every resource of an account: no name of one looks like it. */
export const EVERY_RESOURCE = '*';

const MAX_WRITES = 4_000;
const MAX_ACCOUNTS = 1_000;

/**
 * The writes that the store is to be told of once it is back, the oldest first. Of those that are too many it is remembered
 * that anything of their account may have been written to, and of too many accounts that anything at all may.
 */
export class UntoldWrites {
  readonly #options: UntoldOptions;
  readonly #writes = new Set<UntoldWrite>();
  readonly #accounts = new Map<StoreAccount, UntoldWrite>();
  #isAnything = false;

  constructor(options: UntoldOptions) {
    this.#options = options;
  }

  add(write: UntoldWrite): void {
    const { maxWrites = MAX_WRITES } = this.#options;
    this.#writes.add(write);
    const [oldest] = this.#writes;
    if (this.#writes.size <= maxWrites || !oldest) return;
    this.#writes.delete(oldest);
    this.#forget(oldest);
  }

  async tellAll(): Promise<void> {
    const { tell, forgetAll } = this.#options;
    if (this.#isAnything) {
      await forgetAll();
      this.#isAnything = false;
    }
    for (const [account, write] of this.#accounts) {
      await tell(write);
      if (this.#accounts.get(account) === write) this.#accounts.delete(account);
    }
    for (const write of this.#writes) {
      await tell(write);
      this.#writes.delete(write);
    }
  }

  #forget({ account, id, doubtUntil }: UntoldWrite): void {
    const { maxAccounts = MAX_ACCOUNTS } = this.#options;
    const known = this.#accounts.get(account);
    if (!known && this.#accounts.size >= maxAccounts) {
      this.#isAnything = true;
      return;
    }
    const until = Math.max(doubtUntil, known?.doubtUntil ?? 0);
    this.#accounts.set(account, { account, id, resources: [EVERY_RESOURCE], doubtUntil: until });
  }
}
