import { describe, expect, it } from 'vitest';
import { scriptIdOf, wireScript } from '../../support/api/plain-api.ts';
import { json } from '../../support/api/recorder.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';

const KEY = 'bot';
const MB = 1024 ** 2;
const DOCUMENTS = new Map([
  ['many', 'query many($ids: [ID!]!) { scripts(ids: $ids) { a: name b: name c: name d: name } }'],
  [
    'edit',
    `mutation edit($id: ID!) {
      first: editScript(input: { id: $id, name: "new" }) { __typename ... on EditScriptSuccess { script { executions { date count } } } }
      second: editScript(input: { id: "refused", name: "new" }) { __typename ... on Refusal { message } }
    }`,
  ],
]);
const options = {
  credentials: { heldKey: 'held', keyRing: ringOf([{ name: KEY }]) },
  transport: { rate: 0 },
};
const fixture = useRecorder({ ...options, ...forAgents(DOCUMENTS) });

/** The answer of a call, and the bytes of its message. */
async function call(name: string, args: object) {
  const { status: _status, ...message } = await sendMessage(fixture.gateway.url, KEY, 'tools/call', {
    name,
    arguments: args,
  });
  return { result: message.result, bytes: Buffer.byteLength(JSON.stringify(message)) };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `id${index}`);
const TOO_LARGE =
  /^ANSWER_TOO_LARGE: The answer has more than the allowed 1048576 bytes, .* Ask for smaller pages, fewer items or fewer fields\./;

describe('an answer to an agent', () => {
  it.each(['n', '"', 'é', '☃'])('has at most a megabyte, with texts of %j', async (letter) => {
    fixture.respond = (recorded, response) =>
      json(response, {
        success: true,
        script: wireScript(scriptIdOf(recorded), { name: letter.repeat(1_000) }),
      });
    for (const count of [10, 40, 80, 130, 250]) {
      const { result, bytes } = await call('many', { ids: ids(count) });
      expect(bytes).toBeLessThan(MB);
      const { data, errors } = result?.structuredContent ?? {};
      if (count === 10) expect(data).toMatchObject({ scripts: { length: count } });
      if (count === 250)
        expect(errors).toMatchObject([{ extensions: { code: 'ANSWER_TOO_LARGE', limit: MB } }]);
      if (errors !== undefined) expect(result?.content?.[0]?.text).toMatch(TOO_LARGE);
      expect(result?.isError ?? false).toBe(errors !== undefined);
      expect(JSON.parse(result?.content?.at(-1)?.text ?? '')).toEqual(result?.structuredContent);
    }
  });

  it('that is too large tells what became of each write', async () => {
    const executions = Object.fromEntries(Array.from({ length: 15_000 }, (_, day) => [`nnnn ${day}`, day]));
    fixture.respond = (recorded, response) => {
      if (recorded.line.includes('refused'))
        return json(
          response,
          { success: false, error: { code: -18, message: 'tier does not allow ffa mode' } },
          403,
        );
      if (recorded.line.includes('executions')) return json(response, { success: true, executions });
      return json(response, { success: true, script: wireScript('a') });
    };
    const { result } = await call('edit', { id: 'a' });
    expect(fixture.recorder.calls.filter(({ line }) => line.startsWith('POST'))).toHaveLength(2);
    expect(result?.structuredContent?.data).toMatchObject({
      first: { __typename: 'EditScriptSuccess' },
      second: { __typename: expect.stringMatching(/./), message: expect.any(String) },
    });
    expect(JSON.stringify(result)).not.toContain('nnnn');
    const [text = ''] = result?.content?.map((one) => one.text) ?? [];
    expect(text).toMatch(TOO_LARGE);
    expect(text).toContain('Changes made by mutations remain.');
    expect(text).toMatch(/\n\w+: tier does not allow ffa mode\. second changed nothing/);
  });
});
