import { array, assert, boolean, constantFrom, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { SocketFrames } from '../../../src/features/websocket/socket-frames.ts';

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly bytes: number;
}

/** A frame of a client: masked, by the shortest length that holds its bytes. */
function writeFrame({ opcode, isLast, bytes }: Frame): Buffer {
  const first = (isLast ? 0x80 : 0) | opcode;
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(bytes));
  const [short = 0, rest] = bytes < 126 ? [bytes, 8] : bytes < 65_536 ? [126, 6] : [127, 0];
  const mask = [1, 2, 3, 4];
  return Buffer.concat([
    Buffer.from([first, 0x80 | short]),
    long.subarray(rest),
    Buffer.from(mask),
    Buffer.alloc(bytes, 'x'),
  ]);
}

const frames = array(
  record({
    opcode: constantFrom(0, 1, 9, 10),
    isLast: boolean(),
    bytes: constantFrom(0, 1, 125, 126, 1_030, 65_535, 65_536),
  }),
  { minLength: 1, maxLength: 6 },
).map((all) => all.map((one) => (one.opcode > 8 ? { ...one, isLast: true, bytes: one.bytes % 126 } : one)));
const cuts = array(constantFrom(1, 2, 7, 500, 1_023, 1_024, 40_000), { minLength: 1, maxLength: 10 });

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

it('frames in any chunks are handed on as they are, weigh what is unfinished, and are never held back', () => {
  assert(
    property(frames, cuts, (all, sizes) => {
      const passed: Buffer[] = [];
      const found = new SocketFrames((bytes) => passed.push(bytes));
      let unfinished = 0;
      let sent = 0;
      for (const frame of all) {
        const written = writeFrame(frame);
        for (const chunk of cut(written, sizes)) found.add(Buffer.from(chunk));
        const isControl = frame.opcode > 8;
        if (!isControl) unfinished = frame.isLast ? 0 : unfinished + written.length;
        sent += written.length;
        expect(passed.reduce((sum, { length }) => sum + length, 0)).toBe(sent);
        if (unfinished === 0) expect(found.weight).toBe(0);
        else expect(found.weight).toBeGreaterThanOrEqual(unfinished + 256);
      }
      expect(Buffer.concat(passed).equals(Buffer.concat(all.map(writeFrame)))).toBe(true);
    }),
  );
});

it('a frame that comes byte by byte is handed on in pieces of 16 kB', () => {
  const passed: number[] = [];
  const found = new SocketFrames(({ length }) => passed.push(length));
  const written = writeFrame({ opcode: 1, isLast: true, bytes: 50_000 });
  for (const byte of written) found.add(Buffer.from([byte]));
  expect(passed.filter((length) => length > 1)).toEqual([16_384, 16_384, 16_384, 847]);
});
