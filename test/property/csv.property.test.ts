import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCsv } from '../../src/config/csv.ts';
import { csvLine } from '../../src/features/commands/query/bulk/result-csv.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const runs = { numRuns: propertyRuns(300), seed: propertySeed(7) };
const cell = fc.oneof(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', 'ü') }), fc.string());
const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
/** An apostrophe keeps a spreadsheet from running the cell. */
const neutral = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const read = (text: string) => [...readCsv(text, ',')];

it('CSV that is written is read as the same cells', () => {
  const property = fc.property(table, (rows) => {
    const text = rows.map((cells) => `${csvLine(cells)}\r\n`).join('');
    const records = read(text);
    const cells = records.map((record) => ('cells' in record ? record.cells : record.problem));
    expect(cells).toEqual(rows.map((row) => row.map(neutral)));
  });
  fc.assert(property, runs);
});

it('an unclosed quote costs its own line, whatever stands around it', () => {
  const plain = fc.array(fc.constantFrom('a,b', '"a","b"', '"a ""b""",c'), { maxLength: 5 });
  fc.assert(
    fc.property(plain, plain, (before, after) => {
      const records = read([...before, 'x,"y', ...after].join('\n'));
      expect(records.map((record) => 'problem' in record)).toEqual([
        ...before.map(() => false),
        true,
        ...after.map(() => false),
      ]);
      expect(records.map(({ line }) => line)).toEqual(records.map((_, index) => index + 1));
    }),
    runs,
  );
});

it('any text is read to its end, each line once', () => {
  const text = fc.string({ unit: fc.constantFrom('"', ',', '\n', 'a') });
  const property = fc.property(text, (given) => {
    const lines = read(given).map(({ line }) => line);
    expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
  });
  fc.assert(property, runs);
});
