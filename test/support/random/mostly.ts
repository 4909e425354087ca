import fc from 'fast-check';

/** Something usual, and once in a while something rare, in whose place something usual is tried when a test fails. */
export function mostly<A, B>(usual: fc.Arbitrary<A>, rare: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 25, arbitrary: usual },
    { weight: 1, arbitrary: rare },
  );
}
