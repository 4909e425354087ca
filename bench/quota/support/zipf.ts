/**
 * Picks indices from 0 to `size - 1` by Zipf's law: the chance of index i is in proportion to 1 / (i + 1) ** exponent.
 * `random` gives numbers from 0 to 1.
 */
export function createZipf(size: number, exponent: number, random: () => number): () => number {
  const upTo = new Float64Array(size);
  let sum = 0;
  for (let index = 0; index < size; index += 1) {
    sum += 1 / (index + 1) ** exponent;
    upTo[index] = sum;
  }
  return () => {
    const target = random() * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] as number) > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
