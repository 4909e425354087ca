import { GraphQLError } from 'graphql';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';

export interface Temper {
  readonly seed: number;
  /** Shares of positions where something goes wrong, or comes later. */
  readonly faults: number;
  readonly promises: number;
  readonly foreign: number;
}

/** An object of the answer: it knows where it came from, so that what it does can be looked up. */
export interface ScriptedObject {
  readonly origin: string;
}

/**
 * The values that resolvers give in one execution: they follow from a seed and the place in the response. Promises
 * settle by microtasks alone, after so many turns.
 */
export class ScriptOfValues {
  readonly calls: string[] = [];
  readonly #temper: Temper;
  readonly #errors: Map<string, Error>;
  readonly #shared = new Map<number, Promise<unknown>>();

  /** @param errors To be shared between executions that are compared: their errors are then the same objects. */
  constructor(temper: Temper, errors: Map<string, Error>) {
    this.#temper = temper;
    this.#errors = errors;
  }

  randomFor(place: string): Seeded {
    return createSeeded(this.#temper.seed, place);
  }

  /** `make` gives the good value. */
  perform(place: string, make: (random: Seeded) => unknown): unknown {
    const random = this.randomFor(place);
    const outcome = this.#outcomeOf(place, random, make);
    if (random.chance(this.#temper.promises)) return this.#promise(random, outcome);
    if (random.chance(this.#temper.foreign)) return foreign(random, outcome);
    return outcome();
  }

  #outcomeOf(place: string, random: Seeded, make: (random: Seeded) => unknown): () => unknown {
    if (!random.chance(this.#temper.faults)) return () => make(random);
    const error = this.errorAt(place);
    return random.pick<() => unknown>([
      () => null,
      () => null,
      () => undefined,
      () => error,
      () => raise(error),
      () => raise(error),
      () => raise(error),
      () => raise(random.pick<unknown>(['a text', undefined, { not: 'an error' }])),
      () =>
        random.pick<unknown>([() => 1, 'wrong', 12.5, { wrong: true }, [[]], new Map(), Number.NaN, true]),
    ]);
  }

  errorAt(place: string): Error {
    let error = this.#errors.get(place);
    if (error === undefined) {
      const random = this.randomFor(`error ${place}`);
      error = random.pick([
        () => new Error(`broken at ${place}`),
        () => new TypeError(`wrong at ${place}`),
        () => new GraphQLError(`refused at ${place}`, { extensions: { code: 'REFUSED' } }),
        // An error that has a path is taken as located already.
        () => new GraphQLError(`elsewhere at ${place}`, { path: ['elsewhere', 1] }),
      ])();
      this.#errors.set(place, error);
    }
    return error;
  }

  #promise(random: Seeded, outcome: () => unknown): Promise<unknown> {
    // As a loader gives several fields the same promise.
    if (random.chance(0.15)) return this.#sharedPromise(random.below(3));
    return settle(random.below(random.pick([1, 4, 12, 30])), outcome);
  }

  #sharedPromise(number: number): Promise<unknown> {
    let promise = this.#shared.get(number);
    if (promise === undefined) {
      const random = this.randomFor(`shared ${number}`);
      const error = this.errorAt(`shared ${number}`);
      promise = settle(
        random.below(10),
        random.pick([() => null, () => raise(error), () => raise(error), () => 'shared']),
      );
      this.#shared.set(number, promise);
    }
    return promise;
  }
}

function raise(error: unknown): never {
  throw error;
}

/** A native promise that settles after so many turns of the microtask queue. */
function settle(turns: number, outcome: () => unknown): Promise<unknown> {
  let promise: Promise<unknown> = Promise.resolve();
  for (let turn = 0; turn < turns; turn += 1) promise = promise.then(() => undefined);
  promise = turns === 0 ? new Promise((resolve) => resolve(outcome())) : promise.then(outcome);
  // An execution may end before it has looked at it.
  promise.catch(() => undefined);
  return promise;
}

class OwnPromise<Value> extends Promise<Value> {}

/** Something with a `then`, which is no native promise. */
function foreign(random: Seeded, outcome: () => unknown): unknown {
  const turns = random.below(6);
  return random.pick([
    () => {
      const promise = OwnPromise.resolve(settle(turns, outcome));
      promise.catch(() => undefined);
      return promise;
    },
    () => {
      const promise = settle(turns, outcome);
      return {
        // biome-ignore lint/suspicious/noThenProperty: what is tested is that a thenable of any make is waited for
        then: (good: (value: unknown) => unknown, bad: (error: unknown) => unknown) =>
          promise.then(good, bad),
      };
    },
  ])();
}
