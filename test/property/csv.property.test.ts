import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvLine, readCsv } from '../../src/features/commands/bulk/csv.ts';
import { readLines } from '../../src/features/commands/bulk/input-lines.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const runs = { numRuns: propertyRuns(300), seed: propertySeed(7) };
const cell = fc.oneof(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', 'ü') }), fc.string());
const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
/** An apostrophe keeps a spreadsheet from running the cell. */
const neutral = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

async function read(text: string, chunkBytes: number) {
  const bytes = Buffer.from(text);
  const chunks = async function* () {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  };
  const found = [];
  for await (const record of readCsv(readLines(chunks(), 10_000), ',', 10_000)) found.push(record);
  return found;
}

it('CSV that is written is read as the same cells, in whatever pieces it comes', async () => {
  const property = fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (rows, chunkBytes) => {
    const text = rows.map((cells) => `${csvLine(cells)}\r\n`).join('');
    const records = await read(text, chunkBytes);
    const cells = records.map((record) => ('cells' in record ? record.cells : record.problem));
    expect(cells).toEqual(rows.map((row) => row.map(neutral)));
  });
  await fc.assert(property, runs);
});

it('an unclosed quote costs its own line, whatever stands around it', async () => {
  const plain = fc.array(fc.constantFrom('a,b', '"a","b"', '"a ""b""",c'), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(plain, plain, async (before, after) => {
      const records = await read([...before, 'x,"y', ...after].join('\n'), 7);
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

it('any bytes are read to their end, each line once', async () => {
  const text = fc.string({ unit: fc.constantFrom('"', ',', '\n', 'a') });
  const property = fc.asyncProperty(text, async (given) => {
    const lines = (await read(given, 5)).map(({ line }) => line);
    expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
  });
  await fc.assert(property, runs);
});
