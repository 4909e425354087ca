import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createParsingTurns } from '../../src/gate/parsing-turns.ts';

const LARGE = 300 * 1024;
const SMALL = 1_000;

/** Parses bodies when it is their turn, and notes their names. */
function createParser() {
  const turns = createParsingTurns();
  const parsed: string[] = [];
  const arrive = (name: string, size: number) => {
    const parse = () => {
      turns.parsing(size);
      parsed.push(name);
    };
    if (!turns.pauses(size, parse)) parse();
  };
  return { parsed, arrive };
}

it('parses one large body in a turn of the event loop, in the order of their arrival', async () => {
  const { parsed, arrive } = createParser();
  for (const name of ['a', 'b', 'c']) arrive(name, LARGE);
  expect(parsed).toEqual(['a']);
  await nextTurn();
  expect(parsed).toEqual(['a', 'b']);
  await nextTurn();
  expect(parsed).toEqual(['a', 'b', 'c']);
});

it('parses every body that waits, also if several are parsed in one turn', async () => {
  const { parsed, arrive } = createParser();
  arrive('first', LARGE);
  const names = Array.from({ length: 8 }, (_one, index) => `medium ${index}`);
  for (const name of names) arrive(name, LARGE / 3);
  for (let turn = 0; turn < 8; turn += 1) await nextTurn();
  expect(parsed).toEqual(['first', ...names]);
  // After the last one of them, turns go on as before.
  arrive('next', LARGE);
  arrive('last', LARGE);
  await nextTurn();
  expect(parsed.slice(-2)).toEqual(['next', 'last']);
});

it('lets a small body wait only behind very many small ones', async () => {
  const { parsed, arrive } = createParser();
  arrive('large', LARGE);
  arrive('waits', LARGE);
  arrive('small', SMALL);
  expect(parsed).toEqual(['large', 'small']);
  for (let count = 0; count < 5_000; count += 1) arrive('more', SMALL);
  const inOneTurn = parsed.length;
  expect(inOneTurn).toBeLessThan(2_500);
  for (let turn = 0; turn < 30; turn += 1) await nextTurn();
  expect(parsed).toHaveLength(5_003);
});
