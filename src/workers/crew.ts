import cluster, { type Address, type Worker } from 'node:cluster';
import { together } from '../transport/together.ts';
import type { FromPrimary, FromWorker } from './messages.ts';
import { createPending } from './pending.ts';

export interface CrewOptions {
  readonly size: number;
  /** The command line of a worker. */
  readonly args: readonly string[];
  /** Takes what a worker says from its start on. */
  readonly attend: (post: (message: FromPrimary) => void) => Attendant;
  /** Is told when a worker has ended that should not have. */
  readonly warn: (message: string) => void;
}

/** Who deals with one worker. */
export interface Attendant {
  receive(message: FromWorker): void;
  /** The worker has ended; nothing more comes from it, and nothing reaches it. */
  gone(): void;
}

/** The workers: so many at all times, until they are told to stop. */
export interface Crew {
  /** The port that they listen on, once all do; or why they cannot. */
  start(): Promise<{ readonly port: number } | { readonly failure: string }>;
  /** What each has counted. */
  counts(): Promise<readonly (readonly object[])[]>;
  /** Tells all what a write has touched; resolves when all have dropped their copies of it. */
  changed(touches: readonly string[]): Promise<void>;
  /** Tells all to stop, and waits until they have; who takes longer than `limitMs` is ended. */
  stop(limitMs: number): Promise<void>;
}

interface Member {
  readonly worker: Worker;
  readonly post: (message: FromPrimary) => void;
  readonly attendant: Attendant;
  /** When it has ended. */
  readonly end: Promise<void>;
  listens: boolean;
  failure: string | undefined;
}

/** How long the place of a worker stays empty that ended before it listened. */
const RETRY_MS = 1_000;
/** How long the last messages of a worker may take to arrive after its exit. */
const LAST_WORDS_MS = 500;
/** How long a write waits for a worker that does not hear of it. */
const HEAR_MS = 5_000;
/** How long counts are waited for: less than a scraper waits. */
const COUNT_MS = 5_000;

export function createCrew({ size, args, attend, warn }: CrewOptions): Crew {
  const members = new Set<Member>();
  const counted = createPending<readonly object[]>(COUNT_MS);
  const heard = createPending<true>(HEAR_MS);
  let isRunning = false;
  let isStopping = false;

  const hire = (): Member => {
    const worker = cluster.fork();
    const post = together<FromPrimary>((messages) => {
      // To a worker that has just ended nothing needs to be said.
      if (worker.isConnected()) worker.process.send(messages, undefined, {}, () => undefined);
    });
    const member: Member = {
      worker,
      post,
      attendant: attend(post),
      end: endOf(worker),
      listens: false,
      failure: undefined,
    };
    members.add(member);
    worker.on('listening', () => {
      member.listens = true;
    });
    worker.on('message', (messages: readonly FromWorker[]) => {
      for (const message of messages) receive(member, message);
    });
    void member.end.then(() => leave(member));
    return member;
  };

  const receive = (member: Member, message: FromWorker) => {
    if (message.kind === 'failed') member.failure = message.reason;
    else if (message.kind === 'counts') counted.settle(message.id, message.counts);
    else if (message.kind === 'heard') heard.settle(message.id, true);
    else if (message.kind === 'register') {
      for (const other of members) if (other !== member) other.post(message);
    } else member.attendant.receive(message);
  };

  const leave = (member: Member) => {
    members.delete(member);
    member.attendant.gone();
    if (isStopping || !isRunning) return;
    warn(`a worker has ended (${reasonOf(member)}); another takes its place`);
    const replace = () => {
      if (!isStopping) hire();
    };
    if (member.listens) replace();
    else setTimeout(replace, RETRY_MS);
  };

  return {
    async start() {
      cluster.setupPrimary({ args: [...args] });
      const first = Array.from({ length: size }, hire);
      const outcomes = await Promise.all(
        first.map((member) =>
          Promise.race([
            new Promise<Address>((resolve) => member.worker.once('listening', resolve)),
            member.end.then(() => ({ failure: reasonOf(member) })),
          ]),
        ),
      );
      isRunning = true;
      return outcomes.find((outcome) => 'failure' in outcome) ?? (outcomes[0] as Address);
    },
    async counts() {
      const answers = [...members].map(({ post }) => {
        const { id, answer } = counted.open();
        post({ kind: 'count', id });
        return answer;
      });
      return (await Promise.all(answers)).filter((counts) => counts !== undefined);
    },
    async changed(touches) {
      const dropped = async ({ worker, post, end }: Member) => {
        const { id, answer } = heard.open();
        post({ kind: 'changed', id, touches });
        const hasHeard = await Promise.race([answer, end.then(() => true)]);
        if (hasHeard) return;
        // It may still have what it must not show.
        worker.process.kill('SIGKILL');
        await end;
      };
      // Who does not listen yet has no copies.
      await Promise.all([...members].filter(({ listens }) => listens).map(dropped));
    },
    async stop(limitMs) {
      isStopping = true;
      const all = [...members];
      const timer = setTimeout(() => {
        for (const { worker } of members) worker.process.kill('SIGKILL');
      }, limitMs);
      for (const { post } of all) post({ kind: 'stop' });
      await Promise.all(all.map(({ end }) => end));
      clearTimeout(timer);
    },
  };
}

function endOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => {
      // What was written before the exit may still arrive: until the channel is closed, which a connection can prevent
      // that was just being handed over.
      if (!worker.isConnected()) resolve();
      worker.once('disconnect', resolve);
      setTimeout(resolve, LAST_WORDS_MS);
    });
    worker.on('error', () => {
      // It could not even be started.
      if (worker.process.pid === undefined) resolve();
    });
  });
}

function reasonOf({ failure, worker }: Member): string {
  const { exitCode, signalCode } = worker.process;
  return failure ?? signalCode ?? `exit code ${exitCode}`;
}
