import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../src/base/json.ts';
import { createRedactedStream } from '../../src/observability/redacted-stream.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

/** JSON text, and what is to become of it. */
interface Case {
  readonly text: string;
  readonly value: unknown;
}

const number = fc
  .oneof(
    fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/),
    fc.stringMatching(/^-?[1-9][0-9]{13,19}$/),
  )
  .map((text): Case => ({ text, value: numberIn(text) }));

/** What a number of JSON stands for: an integer that a double cannot hold is a bigint. */
function numberIn(text: string): number | bigint {
  const isExact = !/^-?\d+$/.test(text) || Number.isSafeInteger(Number(text));
  return isExact ? JSON.parse(text) : BigInt(text);
}

/** Texts that look like numbers, strings that seem to end, and escapes of every kind. */
const string = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', ':', '-', '[', '12345678901234567', '\n', '\u2028', 'e', '.'),
  }),
);
const escaped = (text: string) =>
  `"${text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
const stringText = fc
  .tuple(string, fc.boolean())
  .map(([value, all]): Case => ({ text: all ? escaped(value) : JSON.stringify(value), value }));

const space = fc.constantFrom('', '', ' ', '\n\t', '\r ');
const spaced = (arbitrary: fc.Arbitrary<Case>): fc.Arbitrary<Case> =>
  fc
    .tuple(space, arbitrary, space)
    .map(([before, { text, value }, after]) => ({ text: before + text + after, value }));

const { anything } = fc.letrec<{ anything: Case; list: Case; object: Case }>((tie) => ({
  anything: spaced(
    fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number,
      stringText,
      fc.constantFrom(true, false, null).map((value): Case => ({ text: String(value), value })),
      tie('list'),
      tie('object'),
    ),
  ),
  list: fc.array(tie('anything'), { maxLength: 5 }).map((items) => ({
    text: `[${items.map(({ text }) => text).join(',')}]`,
    value: items.map(({ value }) => value),
  })),
  object: fc.array(fc.tuple(spaced(stringText), tie('anything')), { maxLength: 5 }).map((members) => ({
    text: `{${members.map(([name, { text }]) => `${name.text}:${text}`).join(',')}}`,
    value: Object.fromEntries(members.map(([name, { value }]) => [name.value, value])),
  })),
}));

describe('exact JSON', () => {
  it('reads an integer past 2^53 as a bigint, and all else as JSON.parse does', () => {
    fc.assert(
      fc.property(anything, ({ text, value }) => {
        expect(parseExactJson(text)).toStrictEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['12345678901234567', 12345678901234567n],
    ['-12345678901234567', -12345678901234567n],
    ['[9007199254740991,9007199254740992]', [9007199254740991, 9007199254740992n]],
    [`[${'1'.repeat(1_000)},${'1'.repeat(1_001)}]`, [BigInt('1'.repeat(1_000)), Number.POSITIVE_INFINITY]],
    [
      '[-0,0.1234567890123456,1234567890123456.5,1234567890123456e1,1E+20]',
      [-0, 0.1234567890123456, 1234567890123456.5, 1234567890123456e1, 1e20],
    ],
    [
      '{"a\\\\":12345678901234567,":12345678901234567":"\\",12345678901234567"}',
      { 'a\\': 12345678901234567n, ':12345678901234567': '",12345678901234567' },
    ],
  ])('reads %s', (text, value) => {
    expect(parseExactJson(text)).toStrictEqual(value);
  });

  const broken = fc
    .tuple(
      anything,
      fc.nat(),
      fc.constantFrom('', '0', '"', '\\', ',', '-', '12345678901234567', '['),
      fc.nat(2),
    )
    .map(([{ text }, seed, instead, removed]) => {
      const at = seed % (text.length + 1);
      return text.slice(0, at) + instead + text.slice(at + removed);
    });

  it.each([
    ['any text', fc.string()],
    ['JSON with a flaw', broken],
    [
      'a zero before other digits',
      fc.constantFrom('[0012345678901234567]', '-01234567890123456', '{"a":01234567890123456}'),
    ],
    [
      'a number that goes wrong',
      fc.constantFrom(
        '[12345678901234567-]',
        '[12345678901234567.]',
        '[12345678901234567 8]',
        '[--12345678901234567]',
      ),
    ],
  ])('is refused where JSON.parse refuses it, in the same words: %s', (_what, texts) => {
    const outcome = (parse: (text: string) => unknown, text: string) => {
      try {
        parse(text);
        return 'accepted';
      } catch (error) {
        return error;
      }
    };
    fc.assert(
      fc.property(texts, (text) => {
        expect(outcome(parseExactJson, text)).toEqual(outcome(JSON.parse, text));
      }),
      { numRuns: 1_000 },
    );
  });
});

it('refuses a long integer in a text that is too deep to read again', () => {
  const text = `${'['.repeat(100_000)}12345678901234567${']'.repeat(100_000)}`;
  expect(() => parseExactJson(text)).toThrow(new SyntaxError('the JSON is nested too deep'));
});

// An algorithm that begins anew at each quote is busy for minutes here, far beyond the time of a test.
describe('an answer of the API with a long integer and half a million escaped quotes', () => {
  const fixture = useRecorder();
  const quotes = '\\"'.repeat(500_000);
  const ask = (text: string) => {
    fixture.respond = (_call, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    };
    return fixture.gateway.execute('{ script(id: "a") { totalExecutions } }');
  };

  it('is read', async () => {
    const script = `"id":"a","total_executions":7,"new":12345678901234567`;
    const { data } = await ask(`{"success":true,"script":{${script}},"new":"${quotes}"}`);
    expect(data).toEqual({ script: { totalExecutions: 7 } });
  });

  it('is no JSON when its string never ends', async () => {
    const { errors } = await ask(`{"success":true,"id":12345678901234567,"script":"${quotes}`);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_BAD_RESPONSE']);
  });
});

describe('a line of the log that shows a secret', () => {
  const secret = 'the secret "key"';
  const inJson = JSON.stringify(secret).slice(1, -1);
  const written = (line: string) => {
    const lines: string[] = [];
    createRedactedStream({ write: (text) => void lines.push(text) }, [secret]).write(line);
    return lines;
  };

  it('is written without it, however long its texts are', () => {
    const long = 'x\\"'.repeat(6_000_000);
    const [line] = written(`{"${inJson}":1,"msg":"${long}${inJson}","a":"${inJson}"}\n`);
    // Not `toBe`, which would show a difference in full.
    expect(line === `{"${inJson}":1,"msg":"${long}…","a":"…"}\n`).toBe(true);
  });

  it('is written without it even if it breaks off', () => {
    expect(written(`{"a":"\\"","msg":"\\"${inJson} and`)).toEqual(['{"a":"\\"","msg":"\\"… and']);
  });
});
