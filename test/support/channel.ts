import type { Timeouts } from '../../src/luaauth/api.ts';
import type { Transport } from '../../src/transport/index.ts';
import { together } from '../../src/transport/together.ts';
import type { FromPrimary, FromWorker } from '../../src/workers/messages.ts';
import { createQuestions } from '../../src/workers/questions.ts';
import { createRemoteTransport } from '../../src/workers/remote-transport.ts';

/** A transport as a worker has it: all that passes between it and the other is JSON, as between two processes. */
export function throughChannel(transport: Transport, timeouts: Timeouts): Pick<Transport, 'send' | 'clock'> {
  const questions = createQuestions({
    transport,
    timeouts,
    post: together<FromPrimary>((messages) => {
      for (const message of copy(messages)) {
        if (message.kind === 'found' || message.kind === 'failure') remote.settle(message);
      }
    }),
  });
  const post = together<FromWorker>((messages) => {
    for (const message of copy(messages)) {
      if (message.kind === 'ask') questions.ask(message);
      if (message.kind === 'leave') questions.leave(message.id);
    }
  });
  const remote = createRemoteTransport({ post, freshMs: 0, clock: transport.clock });
  return remote;
}

function copy<T>(messages: readonly T[]): readonly T[] {
  return JSON.parse(JSON.stringify(messages));
}
