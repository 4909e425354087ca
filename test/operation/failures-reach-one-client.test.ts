import { describe, expect, it } from 'vitest';
import { answerPlainly, wireScript } from '../support/api/plain-api.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { ask, askForStatus } from '../support/clients/json-post.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

const READ = '{ script(id: "a") { name } }';

/** Notes what would end the process. */
function watchRejections() {
  const seen: unknown[] = [];
  const note = (reason: unknown) => seen.push(reason);
  process.on('unhandledRejection', note);
  return { seen, stop: () => process.off('unhandledRejection', note) };
}

describe('a failure affects the answer of one client only:', () => {
  it('an answer that cannot be written as JSON', async () => {
    const rejections = watchRejections();
    const recorder = await startRecorder(answerPlainly);
    const gateway = await openGateway({
      upstream: recorder.url,
      plugins: [
        {
          onExecutionResult({ result, setResult }) {
            const extensions = {
              toJSON() {
                throw new RangeError('Invalid string length');
              },
            };
            setResult({ ...(result as object), extensions: extensions as never });
          },
        },
      ],
    });
    const answers = await Promise.allSettled([1, 2, 3].map(() => askForStatus(gateway.url, READ)));
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      expect(answer.value).toMatchObject({
        status: 500,
        body: { errors: [expect.toBeError('INTERNAL_SERVER_ERROR')] },
      });
    }
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await gateway.close();
    await recorder.close();
    rejections.stop();
    expect(rejections.seen).toEqual([]);
  });
});

describe('a list that fails at one row before an earlier row has failed', () => {
  const SCRIPT = '{ sessions { nodes { createdAt script { executions { count } } } } }';
  const session = { id: 's', script_id: 'a', created_at: 1 };
  const sessions = [session, { ...session, created_at: 'never' }];

  it.each([
    `{ script(id: "a") ${SCRIPT} }`,
    `{ __proto__: script(id: "a") ${SCRIPT} }`,
    `{ _entities(representations: [{ __typename: "Script", id: "a" }]) { ... on Script ${SCRIPT} } }`,
  ])('leaves no promise that nobody waits for: %s', async (query) => {
    const seen: unknown[] = [];
    const note = (reason: unknown) => seen.push(reason);
    // Vitest would take them for failures of its own.
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    const script = wireScript('a');
    const recorder = await startRecorder((_recorded, response) =>
      json(response, { success: true, script, sessions }),
    );
    const gateway = await openGateway({ upstream: recorder.url });
    const { errors } = await ask(gateway.url, query);
    expect(errors).toMatchObject([{ message: expect.stringContaining('created_at') }]);
    // The last one has no executions in its answer.
    await expectCalls(recorder, 3);
    process.off('unhandledRejection', note);
    for (const listener of others) process.on('unhandledRejection', listener);
    expect(seen).toEqual([]);
    await gateway.close();
    await recorder.close();
  });
});
