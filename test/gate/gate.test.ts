import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';
import { type ClientName, Group } from '../../src/gate/client.ts';
import { createGate } from '../../src/gate/gate.ts';
import { mostBodyBytes, type Reservation } from '../../src/gate/memory.ts';
import { createTurns } from '../../src/gate/turns.ts';

const KB = 1024;
const client = (name: string, isAccepted = true): ClientName => ({ name, isAccepted });

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** A gate whose slice is used up, so that all further operations of this turn of the event loop wait. */
function openBusyGate(mostBytes = mostBodyBytes()) {
  const gate = createGate(mostBytes);
  const log: string[] = [];
  void gate.enter(client('busy'), async () => spin(25));
  const enter = (who: ClientName, what = who.name, source?: { pause(): void; resume(): void }) =>
    gate.enter(
      who,
      async (refusal) => {
        log.push(refusal ? `${what} ${refusal.extensions.code} ${refusal.extensions.outcome}` : what);
      },
      source,
    );
  return { gate, log, enter };
}

it('begins an operation at once where nothing waits', async () => {
  const gate = createGate(mostBodyBytes());
  let hasBegun = false;
  const result = gate.enter(client('a'), async () => {
    hasBegun = true;
    return 'result';
  });
  expect(hasBegun).toBe(true);
  expect(await result).toBe('result');
});

it('lets clients take turns, and those with and without an accepted key', async () => {
  const { log, enter } = openBusyGate();
  const all = [
    ...['a', 'a', 'a', 'b'].map((name) => enter(client(name))),
    ...['x', 'x', 'y', 'z'].map((name) => enter(client(name, false))),
  ];
  expect(log).toEqual([]);
  await Promise.all(all);
  const [accepted, unaccepted] = [log.filter((name) => name <= 'b'), log.filter((name) => name > 'b')];
  expect(accepted).toEqual(['a', 'b', 'a', 'a']);
  expect(unaccepted).toEqual(['x', 'y', 'z', 'x']);
  expect(log.map((name) => name <= 'b')).toEqual([true, false, true, false, true, false, true, false]);
});

it('takes the microtasks of an operation as a part of its slice', async () => {
  const { gate } = openBusyGate();
  let loop = 0;
  const loops: number[] = [];
  let isOver = false;
  const count = () => {
    loop += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const all = Array.from({ length: 10 }, () =>
    gate.enter(client('a'), async () => {
      await undefined;
      loops.push(loop);
      spin(25);
    }),
  );
  await Promise.all(all);
  isOver = true;
  expect(new Set(loops).size).toBe(10);
});

it('gives no turn to an operation that waits for something else', async () => {
  const { gate, log, enter } = openBusyGate();
  let answer = () => {};
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const waiting = gate.enter(client('a'), () => waits);
  await enter(client('a'), 'next');
  expect(log).toEqual(['next']);
  answer();
  await waiting;
});

it('refuses the newest operation of the client with the most when two thousand wait', async () => {
  const { log, enter } = openBusyGate();
  const all = Array.from({ length: 2_000 }, (_one, index) => enter(client('many'), `many ${index}`));
  await Promise.resolve();
  expect(log).toEqual([]);
  const one = enter(client('one'));
  expect(log).toEqual(['many 1999 OVERLOADED NOT_EXECUTED']);
  const further = enter(client('many'), 'further');
  expect(log).toEqual(['many 1999 OVERLOADED NOT_EXECUTED', 'further OVERLOADED NOT_EXECUTED']);
  // The room of clients without an accepted key is their own.
  const unaccepted = enter(client('unaccepted', false));
  expect(log).toHaveLength(2);
  await Promise.all([...all, one, further, unaccepted]);
  expect(log.slice(2, 5)).toEqual(['many 0', 'unaccepted', 'one']);
  expect(log).toHaveLength(2_003);
});

it('never refuses the event of a stream', async () => {
  const { gate, log, enter } = openBusyGate();
  const events = Array.from({ length: 1_200 }, () =>
    gate.enterEvent(client('streams'), async () => log.push('event')),
  );
  const all = Array.from({ length: 2_000 }, () => enter(client('streams'), 'operation'));
  await Promise.all([...events, ...all, enter(client('one'))]);
  expect(log.filter((what) => what === 'event')).toHaveLength(1_200);
  expect(log.filter((what) => what.includes('OVERLOADED'))).toEqual(['operation OVERLOADED NOT_EXECUTED']);
  expect(log.indexOf('one')).toBeLessThan(5);
});

it('leaves the sources of a client unread while more than a hundred of its operations wait', async () => {
  const { enter } = openBusyGate();
  const unread: string[] = [];
  const source = (name: string) => ({
    pause: () => void unread.push(name),
    resume: () => void unread.splice(unread.indexOf(name), 1),
  });
  const all = Array.from({ length: 105 }, (_one, index) => enter(client('a'), 'a', source(`s${index}`)));
  all.push(enter(client('b'), 'b', source('b')));
  expect(unread).toEqual(['s100', 's101', 's102', 's103', 's104']);
  await Promise.all(all);
  expect(unread).toEqual([]);
});

it('reads a client again whose waiting operations are all refused, and forgets it', async () => {
  const group = new Group(1);
  const { enter } = createTurns([group], 10_000);
  void enter(group.clientOf('busy'), async () => spin(25));
  let isPaused = false;
  const source = { pause: () => (isPaused = true), resume: () => (isPaused = false) };
  const results: Promise<string>[] = [];
  const add = (name: string) => {
    const result = enter(
      group.clientOf(name),
      async () => 'begun',
      async () => 'refused',
      source,
    );
    results.push(result);
  };
  for (let count = 0; count < 101; count += 1) add('many');
  expect(isPaused).toBe(true);
  for (let index = 0; index < 2_000; index += 1) add(`client ${index}`);
  expect(isPaused).toBe(false);
  expect(group.clients.has('many')).toBe(false);
  const all = await Promise.all(results);
  expect(all.slice(0, 101)).toEqual(Array(101).fill('refused'));
  expect(all.slice(101)).toEqual(Array(2_000).fill('begun'));
});

it('lets a client have a quarter of the operations under way, and those without an accepted key half', async () => {
  // Eight operations.
  const gate = createGate(64 * KB);
  let underWay: string[] = [];
  const answers = new Map<string, () => void>();
  const begin = (who: ClientName, what: string) =>
    gate.enter(who, () => {
      underWay.push(what);
      return new Promise<void>((resolve) => {
        answers.set(what, resolve);
      }).then(() => {
        underWay = underWay.filter((other) => other !== what);
      });
    });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 30));
  const all = ['a1', 'a2', 'a3', 'b1'].map((what) => begin(client(what.charAt(0)), what));
  for (const name of ['v', 'w', 'x', 'y', 'z']) all.push(begin(client(name, false), name));
  await settled();
  expect(underWay.sort()).toEqual(['a1', 'a2', 'b1', 'v', 'w', 'x', 'y']);
  answers.get('a1')?.();
  answers.get('v')?.();
  await settled();
  expect(underWay.sort()).toEqual(['a2', 'a3', 'b1', 'w', 'x', 'y', 'z']);
  for (const answer of answers.values()) answer();
  await Promise.all(all);
});

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
      const gate = createGate(MOST);
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
          const one: Held = { name, bytes: 0, reservation: gate.reserve(client(name, name < 'x'), 0) };
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
      const whole = [0, 1, 2, 3].map((index) => gate.reserve(client(`new ${index}`), 0));
      expect(whole.map((one) => one.take(MOST / 4))).toEqual([true, true, true, true]);
    }),
    { endOnFailure: true },
  );
});

it('lets the client with the most memory give way, by its newest body that still arrives', () => {
  const gate = createGate(MOST);
  const refused: string[] = [];
  const open = (name: string, bytes: number, isAccepted = false) => {
    const reservation = gate.reserve(client(name, isAccepted), 0);
    reservation.onRefused = () => refused.push(`${name} ${bytes / KB}`);
    expect(reservation.take(bytes)).toBe(true);
    return reservation;
  };
  expect(open('complete', 60 * KB).hold(60 * KB)).toBe(true);
  open('small', 20 * KB);
  open('large', 10 * KB);
  open('large', 30 * KB);
  expect(refused).toEqual([]);
  open('newcomer', 15 * KB);
  expect(refused).toEqual(['large 30']);
  // Those with an accepted key have their own half at least.
  open('accepted', 64 * KB, true);
  open('other', 64 * KB, true);
  expect(refused).toEqual(['large 30']);
  // Now the newcomer has the most.
  const last = gate.reserve(client('last', false), 0);
  expect(last.take(64 * KB)).toBe(false);
  expect(last.isReleased).toBe(true);
});

it('lets a single body be larger than the part of its client', () => {
  const gate = createGate(MOST);
  const first = gate.reserve(client('a', false), 0);
  expect(first.take(MOST)).toBe(true);
  expect(gate.reserve(client('a', false), 0).take(1)).toBe(false);
  first.release();
  expect(gate.reserve(client('a', false), 0).take(MOST)).toBe(true);
});

it('parses bodies in turns: by client, and no longer than a slice in one turn of the event loop', async () => {
  const { gate, log } = openBusyGate();
  let turn = 0;
  let isOver = false;
  const count = () => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  count();
  const turns: number[] = [];
  const parse = (name: string) =>
    new Promise<void>((resolve) => {
      const body = gate.reserve(client(name), KB);
      const run = () => {
        log.push(name);
        turns.push(turn);
        spin(25);
        body.release();
        resolve();
      };
      expect(body.inTurn(run, () => undefined)).toBe(true);
    });
  await Promise.all(['a', 'a', 'a', 'b'].map(parse));
  isOver = true;
  expect(log).toEqual(['a', 'b', 'a', 'a']);
  expect(new Set(turns).size).toBe(4);
});

it('parses a body at once where nothing waits', () => {
  const body = createGate(mostBodyBytes()).reserve(client('a'), KB);
  let isParsed = false;
  const run = () => {
    isParsed = true;
  };
  expect(body.inTurn(run, () => undefined)).toBe(false);
  expect(isParsed).toBe(true);
});

it('refuses to parse a body of the client with the most when two thousand wait', () => {
  const { gate, log } = openBusyGate();
  const arrive = (name: string, index: number) => {
    const body = gate.reserve(client(name), 1);
    body.inTurn(
      () => undefined,
      () => log.push(`${name} ${index}`),
    );
  };
  for (let index = 0; index < 2_000; index += 1) arrive('many', index);
  arrive('one', 0);
  arrive('many', 2_000);
  expect(log).toEqual(['many 1999', 'many 2000']);
});
