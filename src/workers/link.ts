import { together } from '../transport/together.ts';
import type { FromPrimary, FromWorker } from './messages.ts';
import { createPending } from './pending.ts';

/** A worker's end of the way to the primary. */
export interface Link {
  readonly post: (message: FromWorker) => void;
  /** The metrics of all processes, as text. */
  readMetrics(): Promise<string>;
  /** Takes what the primary says, also what it has said before. */
  listen(receive: (message: FromPrimary) => void): void;
  /** Leaves it to the primary to say why this worker cannot serve, and ends it. */
  fail(reason: string): void;
}

/** Longer than the primary waits for its other workers. */
const METRICS_MS = 6_000;

/** Opens the way to the process that has started this one; undefined if that is no primary. */
export function openLink(): Link | undefined {
  if (process.send === undefined) return undefined;
  const send = process.send.bind(process);
  const post = together<FromWorker>((messages) => send(messages));
  const texts = createPending<string>(METRICS_MS);
  return {
    post,
    async readMetrics() {
      const { id, answer } = texts.open();
      post({ kind: 'metrics', id });
      const text = await answer;
      if (text === undefined) throw new Error('the metrics of the other processes did not come in time');
      return text;
    },
    listen(receive) {
      process.on('message', (messages: readonly FromPrimary[]) => {
        for (const message of messages) {
          if (message.kind === 'metrics') texts.settle(message.id, message.text);
          else receive(message);
        }
      });
    },
    fail(reason) {
      send([{ kind: 'failed', reason } satisfies FromWorker], undefined, {}, () => process.exit(1));
    },
  };
}
