import type { Dispatcher } from 'undici';
import { PERMIT_LEASE_MS } from '../../src/features/redis/semaphore.ts';
import { LONGEST_WAY_MS } from '../../src/state/timed-permit.ts';
import { wireUser } from '../support/api/live-api.ts';
import { wireScript } from '../support/api/plain-api.ts';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import type { Kernel, Owner } from './kernel.ts';
import { Channel, type Link } from './network.ts';
import type { Visitors } from './visitors.ts';

/**
 * What the API does instead of carrying a request out: refuses it as `ratelimited`, answers 503. It `hangs`, or `closes` the
 * connection, before or after it carries the request out.
 */
export type Failing = 'refuses' | 'hangs' | 'closes' | 'fails';

/** How long the API takes for an answer, and how likely it fails, at the moment. */
export interface Mood {
  readonly workMs: number;
  readonly failing?: Failing;
  /** How likely it fails. From 0 to 1. */
  readonly chance: number;
}

export const GOOD_MOOD: Mood = { workMs: 20, chance: 0 };

/** So long undici waits for a connection. */
const CONNECT_MS = 10_000;
/** A call that waits longer for its connection may have lost its permit, in ms: the clock of the store may be fast by 5 %. */
const LEASE_MS = PERMIT_LEASE_MS * 0.95;

interface ApiOptions {
  readonly kernel: Kernel;
  readonly seed: string;
  readonly visitors: Visitors;
  readonly onSending: (account: string, path: string, process: Owner) => void;
  /** `isForgotten`: it has been under way for so long that no process counts it any more. */
  readonly onArrival: (account: string, isForgotten: boolean) => void;
  /** A write is carried out: the version that it made. */
  readonly onWrite: (name: string, version: number) => void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly string[];
}

/** The REST API: a version for each script, and the users of each script. It counts each request when it arrives. */
export class SimulatedApi {
  mood: Mood = GOOD_MOOD;
  readonly #options: ApiOptions;
  readonly #random: Seeded;
  readonly #versions = new Map<string, number>();
  readonly #visitors: Visitors;
  requests = 0;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#visitors = options.visitors;
    this.#random = createSeeded(options.seed, 'api');
  }

  /** The last of several moods counts. */
  feel(mood: Mood, forMs: number): void {
    this.mood = mood;
    this.#options.kernel.after(forMs, () => {
      if (this.mood === mood) this.mood = GOOD_MOOD;
    });
  }

  versionOf(script: string): number {
    return this.#versions.get(script) ?? 0;
  }

  /**
   * Its connections from a process. A request of a closed connection may arrive all the same. A request that waits for its
   * connection until its permit ends has none: a permit of the share ends when the process uses the store again.
   * @param isLost - whether the process has lost the store, so that its permits are of its share
   */
  connectionsOf(process: Owner, link: Link, isLost: () => boolean): Dispatcher {
    const { kernel, seed, onSending } = this.#options;
    let connections = 0;
    const idle: { there: Channel; back: Channel }[] = [];
    const open = () => {
      connections += 1;
      const random = createSeeded(seed, 'to api', process.name, connections);
      return { there: new Channel(kernel, link.there, random), back: new Channel(kernel, link.back, random) };
    };
    const dispatch = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
      const known = idle.pop();
      const connection = known ?? open();
      const { there, back } = connection;
      let isOver = false;
      const [permitAt, hasShare] = [kernel.now, isLost()];
      const fail = (error: Error) => {
        if (isOver) return;
        isOver = true;
        handler.onError?.(error);
      };
      const begin = () => {
        if (isOver) return;
        handler.onConnect?.((reason) => {
          if (isOver) return;
          isOver = true;
          kernel.after(0, () => handler.onError?.(reason ?? new Error('aborted')), process);
        });
        if (isOver) return;
        const { token } = options.headers as { readonly token: string };
        onSending(token, options.path, process);
        kernel.log(`${process.name} sends ${token} ${options.method} ${options.path}`);
        const sentAt = kernel.now;
        const hasNoPermit = sentAt - permitAt > LEASE_MS || (hasShare && !isLost());
        const isForgotten = () => hasNoPermit || kernel.now - sentAt > LONGEST_WAY_MS;
        const close = () => fail(new Error('other side closed'));
        there.send(() => this.#arrive(options, process, isForgotten(), back, answerWith, close));
      };
      const answerWith = ({ status, headers, body }: Answer) => {
        if (isOver) return;
        isOver = true;
        idle.push(connection);
        handler.onHeaders?.(
          status,
          headers.map((text) => Buffer.from(text)),
          () => undefined,
          '',
        );
        handler.onData?.(Buffer.from(body));
        handler.onComplete?.([]);
      };
      if (known) begin();
      else {
        const callOff = kernel.after(CONNECT_MS, () => fail(new Error('Connect Timeout Error')), process);
        const connected = () => {
          callOff();
          begin();
        };
        // The handshake of TCP and TLS.
        there.send(() => back.send(connected, process));
      }
      return true;
    };
    return { dispatch, close: async () => undefined } as unknown as Dispatcher;
  }

  #arrive(
    options: Dispatcher.DispatchOptions,
    process: Owner,
    isForgotten: boolean,
    back: Channel,
    answerWith: (answer: Answer) => void,
    closed: () => void,
  ): void {
    const { kernel, onArrival } = this.#options;
    const { token } = options.headers as { readonly token: string };
    const line = `${options.method} ${options.path}`;
    this.requests += 1;
    onArrival(token, isForgotten);
    kernel.log(`api ${process.name} ${token} ${line}`);
    const { workMs, failing, chance } = this.mood;
    const random = this.#random;
    const isFailing = random.chance(chance);
    const takesMs = workMs * (0.5 + random.next());
    const answer = (give: () => Answer) =>
      kernel.after(takesMs, () => {
        const given = give();
        back.send(() => answerWith(given), process);
      });
    const close = () => back.send(closed, process);
    const carryOut = () => this.#carryOut(line, options.body);
    switch (isFailing && failing) {
      case 'refuses':
        return void answer(() => json(200, { success: false, error: { code: -1, message: 'ratelimited' } }));
      case 'fails':
        return void answer(() => json(503, {}));
      case 'hangs':
        if (random.chance(0.5)) kernel.after(takesMs, carryOut);
        return;
      case 'closes': {
        const isDone = random.chance(0.5);
        return void kernel.after(takesMs, () => {
          if (isDone) carryOut();
          close();
        });
      }
      default:
        answer(() => json(200, carryOut()));
    }
  }

  #carryOut(line: string, body: unknown): object {
    const [, script = ''] = /\/scripts\/([^/?]+)/.exec(line) ?? [];
    if (/\/sessions$/.test(line)) {
      const { from = 0 } = JSON.parse(String(body));
      // All sessions fit on the first page. A later page of the same list shows the same instant, so it is empty.
      const users = from === 0 ? [...this.#visitors.idsOf(script)] : [];
      return { success: true, sessions: users.map((id) => wireUser(id, { script_id: script })) };
    }
    const [, session] = /^GET \/sessions\/([^/?]+)/.exec(line) ?? [];
    if (session !== undefined) {
      const found = this.#visitors.scriptOf(session);
      if (found === undefined) return REFUSED;
      return { success: true, session: wireUser(session, { script_id: found }) };
    }
    if (line.startsWith('GET')) {
      return { success: true, script: wireScript(script, { name: String(this.versionOf(script)) }) };
    }
    const version = this.versionOf(script) + 1;
    this.#versions.set(script, version);
    const { name } = JSON.parse(String(body)) as { readonly name: string };
    this.#options.onWrite(name, version);
    return { success: true };
  }
}

const REFUSED = { success: false, error: { code: -1, message: 'unauthorized or invalid request' } };

function json(status: number, value: object): Answer {
  return { status, headers: ['content-type', 'application/json'], body: JSON.stringify(value) };
}
