import { describe, expect, it } from 'vitest';
import { wireScript } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const fixture = useRecorder();

const answerWith =
  (executions: string): Respond =>
  ({ line }, response) => {
    if (!line.endsWith('/executions')) return json(response, { success: true, script: wireScript('a') });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"success": true, "executions": ${executions}}`);
  };

async function executionsOf(executions: string) {
  fixture.respond = answerWith(executions);
  const { data, errors } = await fixture.gateway.execute<
    { script: { executions: { date: string; count: number }[] } },
    undefined
  >('{ script(id: "a") { executions { date count } } }');
  expect(errors).toBeUndefined();
  return data?.script.executions.map(({ date, count }) => [date, count]);
}

describe('executions stand in the order of the answer', () => {
  it.each<[executions: string, expected: [string, number][]]>([
    [
      '{"10": 1, "9": 2, "01/01": 3}',
      [
        ['10', 1],
        ['9', 2],
        ['01/01', 3],
      ],
    ],
    [
      '{"02/01":5,\n "31" :1,"0":2, "007":3,"executions":4}',
      [
        ['02/01', 5],
        ['31', 1],
        ['0', 2],
        ['007', 3],
        ['executions', 4],
      ],
    ],
    [
      '{"x\\": 1, \\"y": 4, "\\u0031\\u0030": 1, "9": 2}',
      [
        ['x": 1, "y', 4],
        ['10', 1],
        ['9', 2],
      ],
    ],
    [
      '{"2": 1, "1": 2, "2": 3}',
      [
        ['2', 3],
        ['1', 2],
      ],
    ],
    ['{}', []],
  ])('%s', async (text, expected) => {
    expect(await executionsOf(text)).toEqual(expected);
  });
});
