import { createSeeded } from '../support/random/seeded.ts';
import type { Kernel } from './kernel.ts';
import type { VisitsPlan } from './plan.ts';

/** The sessions of a script from a time on, until the next version. */
export interface SessionsVersion {
  readonly since: number;
  readonly ids: ReadonlySet<string>;
}

/** More sessions do not fit on a page, and a list of several pages is not exact. */
const MOST_SESSIONS = 60;

/** The users of the scripts. They come and go, and each state is kept for the judge. A session is never there twice. */
export class Visitors {
  readonly #kernel: Kernel;
  readonly #versions = new Map<string, SessionsVersion[]>();
  #count = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  versionsOf(script: string): readonly SessionsVersion[] {
    return this.#versions.get(script) ?? [NO_SESSIONS];
  }

  idsOf(script: string): ReadonlySet<string> {
    return this.versionsOf(script).at(-1)?.ids ?? NO_SESSIONS.ids;
  }

  scriptOf(id: string): string | undefined {
    return [...this.#versions.keys()].find((script) => this.idsOf(script).has(id));
  }

  /** Lets sessions of a script come and go. `left` is told about some that have left. */
  begin({ script, everyMs }: VisitsPlan, seed: string, left: (id: string) => void): void {
    const random = createSeeded(seed, 'visitors', script);
    const next = () =>
      void this.#kernel.after(-Math.log(1 - random.next()) * everyMs, () => {
        const ids = [...this.idsOf(script)];
        const comes = ids.length < 2 || (ids.length < MOST_SESSIONS && random.chance(0.55));
        if (comes) {
          this.#count += 1;
          this.#enter(script, [...ids, `u${this.#count}`]);
        } else {
          const gone = random.pick(ids);
          this.#enter(
            script,
            ids.filter((id) => id !== gone),
          );
          if (random.chance(0.1)) left(gone);
        }
        next();
      });
    next();
  }

  #enter(script: string, ids: readonly string[]): void {
    const versions = this.#versions.get(script) ?? [NO_SESSIONS];
    versions.push({ since: this.#kernel.now, ids: new Set(ids) });
    this.#versions.set(script, versions);
  }
}

const NO_SESSIONS: SessionsVersion = { since: 0, ids: new Set() };
