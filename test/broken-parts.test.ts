import { describe, expect, it } from 'vitest';
import { createGateway } from '../src/gateway.ts';
import { startServer } from '../src/server/listen.ts';
import { systemClock } from '../src/transport/clock.ts';
import { openGateway } from './support/gateway.ts';
import { answerPlainly } from './support/plain-api.ts';
import { startRecorder } from './support/recorder.ts';

const READ = '{ script(id: "a") { name } }';

/** Notes what would end the process. */
function watchRejections() {
  const seen: unknown[] = [];
  const note = (reason: unknown) => seen.push(reason);
  process.on('unhandledRejection', note);
  return { seen, stop: () => process.off('unhandledRejection', note) };
}

async function post(url: string, query: string, path = '/graphql') {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token: 'key' },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('what breaks down is one client’s answer, and nobody else’s', () => {
  it.each(['/graphql', '/graphql/'])('a log that throws, by %s', async (path) => {
    const rejections = watchRejections();
    const gateway = createGateway({
      transport: {
        clock: systemClock,
        send: () => {
          throw new TypeError('a bug');
        },
      },
      credentials: {},
      timeouts: { read: 1_000, write: 1_000 },
      log: {
        error() {
          throw new Error('the disk is full');
        },
      },
    });
    const server = await startServer({ listener: gateway, host: '127.0.0.1', port: 0 });
    for (let time = 0; time < 3; time += 1) {
      const { status, body } = await post(server.url, READ, path);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        data: { script: null },
        errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
      });
    }
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await server.drain(0);
    await new Promise((resolve) => setImmediate(resolve));
    rejections.stop();
    expect(rejections.seen).toEqual([]);
  });

  it.each(['/graphql', '/graphql/'])(
    'an observer that throws when the operation begins, by %s',
    async (path) => {
      const rejections = watchRejections();
      const recorder = await startRecorder(answerPlainly);
      let isBroken = true;
      const gateway = await openGateway({
        upstream: recorder.url,
        observers: [
          {
            running() {
              if (isBroken) throw new Error('broken');
            },
          },
        ],
      });
      const { status, body } = await post(gateway.url, READ, path);
      expect([200, 500]).toContain(status);
      expect(body).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
      isBroken = false;
      expect((await post(gateway.url, READ, path)).body).toMatchObject({
        data: { script: { name: 'name of a' } },
      });
      await gateway.close();
      await recorder.close();
      rejections.stop();
      expect(rejections.seen).toEqual([]);
    },
  );

  it('an answer that cannot be written as JSON', async () => {
    const rejections = watchRejections();
    const recorder = await startRecorder(answerPlainly);
    const gateway = await openGateway({
      upstream: recorder.url,
      plugins: [
        {
          onExecute: () => ({
            onExecuteDone({ result, setResult }) {
              const extensions = {
                toJSON() {
                  throw new RangeError('Invalid string length');
                },
              };
              setResult({ ...result, extensions: extensions as never });
            },
          }),
        },
      ],
    });
    const answers = await Promise.allSettled([1, 2, 3].map(() => post(gateway.url, READ)));
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value.body).toMatchObject({ errors: [{}] });
    }
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await gateway.close();
    await recorder.close();
    rejections.stop();
    expect(rejections.seen).toEqual([]);
  });
});
