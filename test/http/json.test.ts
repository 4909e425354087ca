import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactedStream } from '../../src/observability/redacted-stream.ts';
import { type Characters, longIntegers, parseJson } from '../../src/transport/json.ts';
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
  .map((text): Case => ({ text, value: /^-?\d{16,}$/.test(text) ? text : JSON.parse(text) }));

/** Texts that look like numbers, strings that seem to end, and escapes of every kind. */
const string = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom('"', '\\', ',', ':', '-', '[', '1234567890123456', '\n', '\u2028', 'e', '.'),
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

describe('JSON from the API', () => {
  it('keeps the digits of every integer of 16 digits or more, wherever it stands, and all else as JSON.parse does', () => {
    fc.assert(
      fc.property(anything, ({ text, value }) => {
        expect(parseJson(text)).toStrictEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['12345678901234567', '12345678901234567'],
    ['-1234567890123456', '-1234567890123456'],
    ['123456789012345', 123456789012345],
    [
      '[-0,0.1234567890123456,1234567890123456.5,1234567890123456e1,1E+20]',
      [-0, 0.1234567890123456, 1234567890123456.5, 1234567890123456e1, 1e20],
    ],
    [
      '{"a\\\\":1234567890123456,":1234567890123456":"\\",1234567890123456"}',
      { 'a\\': '1234567890123456', ':1234567890123456': '",1234567890123456' },
    ],
  ])('reads %s', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  const broken = fc
    .tuple(
      anything,
      fc.nat(),
      fc.constantFrom('', '0', '"', '\\', ',', '-', '1234567890123456', '['),
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
        '[1234567890123456-]',
        '[1234567890123456.]',
        '[12345678901234567 8]',
        '[--1234567890123456]',
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
        expect(outcome(parseJson, text)).toEqual(outcome(JSON.parse, text));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Text that counts how often one of its characters is looked at. */
function counted(text: string): Characters & { looks: number } {
  return {
    looks: 0,
    length: text.length,
    charCodeAt(index: number) {
      this.looks += 1;
      return text.charCodeAt(index);
    },
  };
}

describe('the search for long integers looks at each character at most three times', () => {
  const expectFew = (text: string) => {
    const characters = counted(text);
    longIntegers(characters);
    expect(characters.looks).toBeLessThanOrEqual(3 * text.length);
  };

  it('in any text', () => {
    const unit = fc.constantFrom(
      '"',
      '\\',
      '1',
      '-',
      '+',
      '.',
      'e',
      '[',
      ',',
      ':',
      ' ',
      'x',
      '1234567890123456',
    );
    fc.assert(fc.property(fc.string({ unit, maxLength: 2_000 }), expectFew), { numRuns: 500 });
  });

  it.each([
    ['a string that never ends', '\\"'],
    ['strings', '"'],
    ['backslashes', '\\'],
    ['digits', '1'],
    ['signs', '-'],
    ['fractions', '1.'],
    ['short numbers', '1,'],
    ['long numbers', '-1234567890123456,'],
  ])('in nothing but %s', (_what, piece) => {
    expectFew(piece.repeat(100_000));
    expectFew(`"${piece.repeat(100_000)}`);
  });
});

describe('an answer of the API', () => {
  const fixture = useRecorder();

  it('is no JSON at once when it has a string that never ends', async () => {
    fixture.respond = (_call, response) => {
      // Whatever begins anew at each quote is busy for minutes here, far beyond this test's time.
      const text = `{"success":true,"id":1234567890123456,"script":"${'\\"'.repeat(300_000)}`;
      response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    };
    const { errors } = await fixture.gateway.execute('{ script(id: "a") { name } }');
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
