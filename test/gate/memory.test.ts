import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { createGate } from '../../src/gate/gate.ts';
import { mostBodyBytes, type Reservation } from '../../src/gate/memory.ts';
import { Turns } from '../../src/gate/turns.ts';
import { requestFrom } from '../support/clients/client-request.ts';

const KB = 1024;

/** Clients whose names begin with x or a later letter have no accepted key. */
function openMemory(mostBytes = MOST) {
  const turns = new Turns(({ address }) => address, mostBytes);
  const gate = createGate(mostBytes, turns, ({ address }) => ({ name: address, isAccepted: address < 'x' }));
  return { turns, reserve: (client: string, headBytes = 0) => gate(requestFrom(client), headBytes) };
}

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

const MOST = 256 * KB;

it('never reserves more memory than there is, and has all of it again in the end', () => {
  const NAMES = ['a', 'b', 'c', 'x', 'y', 'z'] as const;
  const steps = array(
    record({
      what: constantFrom('open', 'open', 'take', 'take', 'take', 'take', 'complete', 'release'),
      which: integer({ min: 0, max: 99 }),
      bytes: integer({ min: 0, max: 80 * KB }),
      name: constantFrom(...NAMES),
    }),
    { maxLength: 200, size: 'max' },
  );
  assert(
    property(steps, (all) => {
      const { reserve } = openMemory();
      interface Held {
        readonly name: string;
        readonly reservation: Reservation;
        bytes: number;
      }
      let open: Held[] = [];
      let mostBeside = 0;
      let mostOfUnaccepted = 0;
      for (const { what, which, bytes, name } of all) {
        const held = open[which % (open.length || 1)];
        if (what === 'open') {
          const one: Held = { name, bytes: 0, reservation: reserve(name) };
          one.reservation.onRefused = () => {
            open = open.filter((other) => other !== one);
          };
          open.push(one);
        } else if (held) {
          let isKept = what !== 'release';
          if (what === 'take') isKept = held.reservation.take(bytes);
          if (what === 'complete') isKept = held.reservation.hold(0);
          if (what === 'release') held.reservation.release();
          if (what === 'take') held.bytes += bytes;
          if (what === 'complete') held.bytes = 0;
          if (!isKept) open = open.filter((other) => other !== held);
        }
        const bytesOf = (isTheirs: (one: Held) => boolean) => open.filter(isTheirs).map((one) => one.bytes);
        for (const who of NAMES) {
          const [largest = 0, ...others] = bytesOf((one) => one.name === who).sort((a, b) => b - a);
          const beside = others.reduce((sum, one) => sum + one, 0);
          if (largest + beside > MOST / 4) mostBeside = Math.max(mostBeside, beside);
        }
        const unaccepted = bytesOf((one) => one.name >= 'x' && one.bytes > 0);
        const sum = unaccepted.reduce((total, one) => total + one, 0);
        if (unaccepted.length > 1) mostOfUnaccepted = Math.max(mostOfUnaccepted, sum);
      }
      // A client may have a large body beside small ones.
      expect(mostBeside).toBeLessThanOrEqual(MOST / 64);
      expect(mostOfUnaccepted).toBeLessThanOrEqual(MOST / 2);
      for (const { reservation } of open) reservation.release();
      const whole = [0, 1, 2, 3].map((index) => reserve(`new ${index}`));
      expect(whole.map((one) => one.take(MOST / 4))).toEqual([true, true, true, true]);
    }),
    { endOnFailure: true },
  );
});

it('lets the client with the most memory give way, by its newest body that still arrives', () => {
  const { reserve } = openMemory();
  const refused: string[] = [];
  const open = (name: string, bytes: number) => {
    const reservation = reserve(name);
    reservation.onRefused = () => refused.push(`${name} ${bytes / KB}`);
    expect(reservation.take(bytes)).toBe(true);
    return reservation;
  };
  expect(open('x complete', 60 * KB).hold(60 * KB)).toBe(true);
  open('x small', 20 * KB);
  open('x large', 10 * KB);
  open('x large', 30 * KB);
  expect(refused).toEqual([]);
  open('x newcomer', 15 * KB);
  expect(refused).toEqual(['x large 30']);
  // Those with an accepted key have their own half at least.
  open('accepted', 64 * KB);
  open('also accepted', 64 * KB);
  expect(refused).toEqual(['x large 30']);
  // Now the newcomer has the most.
  const last = reserve('x last');
  expect(last.take(64 * KB)).toBe(false);
  expect(last.isReleased).toBe(true);
});

it('lets a single body be larger than the part of its client', () => {
  const { reserve } = openMemory();
  const first = reserve('x a');
  expect(first.take(MOST)).toBe(true);
  expect(reserve('x a').take(1)).toBe(false);
  first.release();
  expect(reserve('x a').take(MOST)).toBe(true);
});

it('parses long bodies in turns: by client, and no longer than a slice in one tick', async () => {
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
