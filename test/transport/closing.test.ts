import { expect, it } from 'vitest';
import { getScript } from '../../src/luaauth/scripts.ts';
import { createTransport } from '../../src/transport/transport.ts';
import { Usage } from '../../src/transport/usage.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

it('a transport that is closed answers the calls under way, and each that waits fails, however many do', async () => {
  let answer: (() => void) | undefined;
  const recorder = await startRecorder((recorded, response) => {
    answer = () => void answerPlainly(recorded, response);
  });
  const transport = createTransport({
    url: new URL(recorder.url),
    userAgent: 'luaauth-graphql/test',
    connections: 1,
  });
  const access = {
    ask: transport.ask,
    clock: transport.clock,
    origin: { key: 'key', account: 'account', caller: '' },
    usage: new Usage(),
    signal: undefined,
    timeouts: { read: 600_000, write: 600_000 },
    deadline: Number.MAX_SAFE_INTEGER,
  };
  const reads = Array.from({ length: 3_000 }, (_one, index) =>
    getScript(access, { script_id: `script-${index}` }).then(
      ({ id }) => id,
      (failure: Error) => failure.name,
    ),
  );
  await expectCalls(recorder, 1);
  const closed = transport.close();
  answer?.();
  const [first, ...others] = await Promise.all(reads);
  expect(first).toBe('script-0');
  expect([...new Set(others)]).toEqual(['Unavailable']);
  await closed;
  // As two gateways that share it may, each at its own end.
  await transport.close();
  await recorder.close();
});
