import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { Memory, mostBodyBytes, type Reservation } from '../../src/gate/memory.ts';
import { Turns } from '../../src/gate/turns.ts';
import { requestFrom } from '../support/clients/client-request.ts';

const KB = 1024;
const MOST = 256 * KB;

function openMemory(mostBytes = MOST) {
  const clientOf = ({ address }: { readonly address: string }) => address;
  const turns = new Turns(clientOf, mostBytes);
  const memory = new Memory(clientOf, turns, mostBytes);
  return {
    turns,
    reserve: (client: string, headBytes = 0) => memory.reserve(requestFrom(client), headBytes),
  };
}

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

it('never reserves more memory than there is, and has all of it again in the end', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
  const steps = array(
    record({
      what: constantFrom('open', 'open', 'take', 'take', 'take', 'take', 'parsed', 'release'),
      which: integer({ min: 0, max: 99 }),
      bytes: integer({ min: 0, max: 80 * KB }),
      name: constantFrom(...NAMES),
    }),
    { maxLength: 200, size: 'max' },
  );
  assert(
    property(steps, (all) => {
      const { reserve } = openMemory();
      let open: { readonly name: string; readonly reservation: Reservation; bytes: number }[] = [];
      let most = 0;
      let mostOfOne = 0;
      for (const { what, which, bytes, name } of all) {
        const held = open[which % (open.length || 1)];
        if (what === 'open') open.push({ name, bytes: 0, reservation: reserve(name) });
        else if (held) {
          let isKept = what !== 'release';
          if (what === 'take') isKept = held.reservation.take(bytes);
          if (what === 'parsed') isKept = held.reservation.parsed(0);
          if (what === 'release') held.reservation.release();
          held.bytes = what === 'take' ? held.bytes + bytes : 0;
          if (!isKept) open = open.filter((other) => other !== held);
        }
        const bytesOf = (who?: string) =>
          open
            .filter((one) => who === undefined || one.name === who)
            .reduce((sum, one) => sum + one.bytes, 0);
        most = Math.max(most, bytesOf());
        mostOfOne = Math.max(mostOfOne, ...NAMES.map(bytesOf));
      }
      expect(most).toBeLessThanOrEqual(MOST);
      expect(mostOfOne).toBeLessThanOrEqual((5 / 8) * MOST);
      for (const { reservation } of open) reservation.release();
      const half = reserve('new');
      expect(half.take(MOST / 2)).toBe(true);
      const eighths = NAMES.map((name) => reserve(name).take(MOST / 8));
      expect(eighths).toEqual([true, true, true, true, false, false]);
    }),
    { endOnFailure: true },
  );
});

it('lets a client have half of the memory, and an eighth beyond it', () => {
  const { reserve } = openMemory();
  expect(reserve('a').take(MOST / 2)).toBe(true);
  const beyond = reserve('a', KB);
  expect(beyond.take(MOST / 8 - KB)).toBe(true);
  expect(reserve('a').take(1)).toBe(false);
  expect(reserve('b').take(MOST / 8)).toBe(true);
  // What is parsed takes less.
  expect(beyond.parsed(KB)).toBe(true);
  const other = reserve('a');
  expect(other.take(MOST / 8 - 2 * KB)).toBe(true);
  expect(other.take(1)).toBe(false);
  expect(other.isReleased).toBe(true);
  expect(other.take(1)).toBe(false);
});

it('parses long bodies in turns by client', async () => {
  const { turns, reserve } = openMemory(mostBodyBytes());
  void turns.run(requestFrom('busy'), () => spin(25));
  const log: string[] = [];
  const parse = (name: string, bytes: number) => {
    const body = reserve(name, bytes);
    return body.inTurn(() => {
      log.push(name);
      body.release();
    });
  };
  const all = ['a', 'a', 'a', 'b'].map((name) => parse(name, 4 * KB));
  expect(log).toEqual([]);
  parse('short', 3 * KB);
  expect(log).toEqual(['short']);
  await Promise.all(all);
  expect(log).toEqual(['short', 'a', 'b', 'a', 'a']);
});
