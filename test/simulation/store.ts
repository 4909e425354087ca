import { ErrorReply } from '@redis/client';
import type { CreateClient, DriverClient } from '../../src/features/redis/driver.ts';
import { createSeeded } from '../support/random/seeded.ts';
import { DriftingClock } from './clocks.ts';
import { type Kernel, Owner } from './kernel.ts';
import { Channel, type Link } from './network.ts';
import { type ChangeScript, ModelError, RedisModel } from './redis-model.ts';

/** The time of day when the simulation begins, in ms since 1970. */
export const BEGINS_AT = 1_800_000_000_000;

interface Session {
  /** The connection breaks. */
  lose(): void;
  isOpen: boolean;
}

/** A Redis: its data, its clock, and whether it runs. Gateways reach it by connections that take time. */
export class Store {
  readonly clock: DriftingClock;
  readonly model: RedisModel;
  readonly #kernel: Kernel;
  readonly #seed: string;
  /** Its events wait while it stalls. */
  #owner = new Owner('store');
  #runs = 0;
  #sessions = new Set<Session>();
  #connections = 0;
  commands = 0;

  constructor(kernel: Kernel, seed: string, drift: number, change: ChangeScript | undefined) {
    this.#kernel = kernel;
    this.#seed = seed;
    this.clock = new DriftingClock(kernel, drift, BEGINS_AT);
    this.model = new RedisModel({
      nowMs: () => Math.floor(this.clock.now()),
      change,
    });
    this.#start();
  }

  #start(): void {
    this.#runs += 1;
    this.#owner = new Owner('store');
    this.model.restart();
  }

  stall(ms: number): void {
    this.#owner.pausedUntil = this.#kernel.now + ms;
  }

  fill(ms: number): void {
    this.model.isFull = true;
    this.#kernel.after(ms, () => {
      this.model.isFull = false;
    });
  }

  /** It ends, and is there again after so many ms, with this data. */
  restart(downMs: number, data: unknown): void {
    this.#end();
    this.#kernel.after(downMs, () => {
      // Another restart may have come first.
      this.#end();
      this.model.restore(data);
      this.#start();
    });
  }

  #end(): void {
    this.#owner.hasEnded = true;
    for (const session of this.#sessions) session.lose();
    this.#sessions.clear();
  }

  /** It ends after `lostMs`. A replica takes its place, which lacks the writes from now on. */
  failOver(lostMs: number, downMs: number): void {
    const data = this.model.snapshot();
    this.#kernel.after(lostMs, () => this.restart(downMs, data));
  }

  /** The maker of a process's connections. */
  clientOf(process: Owner, link: Link): CreateClient {
    return async () => {
      this.#connections += 1;
      return this.#connect(process, link, `${process.name} ${this.#connections}`);
    };
  }

  #connect(process: Owner, link: Link, name: string): DriverClient {
    const kernel = this.#kernel;
    const random = createSeeded(this.#seed, 'connection', name);
    const there = new Channel(kernel, link.there, random);
    const back = new Channel(kernel, link.back, random);
    const listeners = new Map<string, ((error: Error) => void)[]>();
    const waiting = new Set<(error: Error) => void>();
    let isOver = false;
    const emit = (event: string, error?: Error) => {
      for (const listener of listeners.get(event) ?? []) listener(error as Error);
    };
    const end = (error: Error) => {
      if (isOver) return;
      isOver = true;
      const all = [...waiting];
      waiting.clear();
      for (const reject of all) reject(error);
    };
    const session: Session = {
      isOpen: true,
      lose: () => {
        session.isOpen = false;
        back.send(() => {
          if (isOver) return;
          end(new Error('Socket closed unexpectedly'));
          emit('error', new Error('Socket closed unexpectedly'));
        }, process);
      },
    };

    /** Sends a request to the Redis that runs when it arrives. `carry` gives the answer there. */
    const request = (carry: () => unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        if (isOver) return reject(new Error('The client is closed'));
        waiting.add(reject);
        there.send(() => {
          const owner = this.#owner;
          if (owner.hasEnded) return session.lose();
          kernel.after(
            0,
            () => {
              if (!session.isOpen) return;
              let answer: () => void;
              try {
                const value = carry();
                answer = () => resolve(value);
              } catch (error) {
                if (!(error instanceof ModelError)) throw error;
                answer = () => reject(new ErrorReply(error.message));
              }
              back.send(() => {
                if (waiting.delete(reject)) answer();
              }, process);
            },
            owner,
            'socket',
          );
        });
      });
    const run: DriverClient['sendCommand'] = ([command, ...words]) => {
      this.commands += 1;
      if (command === 'INFO') return request(() => `run_id:${runId()}\r\nredis_mode:standalone\r\n`);
      if (command === 'PING') return request(() => 'PONG');
      const [script = '', count = '0', ...rest] = words.map(textOf);
      const name = String(command);
      if (!name.startsWith('EVAL')) return request(() => this.model.command(name, ...words.map(textOf)));
      const keys = rest.slice(0, Number(count));
      return request(() => this.model.eval(name, script, keys, rest.slice(Number(count))));
    };
    const sessions = this.#sessions;
    const runId = () => `run${this.#runs}`;
    return {
      on(event: string, listener: (error: Error) => void) {
        listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      },
      async connect() {
        await request(() => sessions.add(session));
      },
      sendCommand: run,
      destroy: () => {
        end(new Error('Disconnects client'));
        // Redis reads what is on its way, and learns of the end by it.
        there.send(() => {
          session.isOpen = false;
          this.#sessions.delete(session);
        });
      },
    };
  }
}

function textOf(word: string | Buffer): string {
  return typeof word === 'string' ? word : word.toString('latin1');
}
