/** Where values stand on a logarithmic axis. */
export interface LogScale {
  /** Where the axis begins and ends in the drawing. */
  readonly start: number;
  readonly end: number;
  /** The largest value that has a place. */
  readonly most: number;
  /** Round values along it. */
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** The margin at both ends, as a share of the way between the values. */
const FREE = 0.12;
const LEAST_MARGIN = 1.2;
/** Room for the figure at a point. */
const ROUND_MARGIN = 1.4;
const MOST_TICKS = 8;

/** An axis for these values, with room at both ends. */
export function createLogScale(values: readonly number[], start: number, end: number): LogScale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = Math.max(LEAST_MARGIN, (most / least) ** FREE);
  return createScale(least / margin, most * margin, start, end);
}

/** A scale that begins and ends at round values, at least a decade apart. Otherwise a slow growth would look steep. */
export function createRoundLogScale(values: readonly number[], start: number, end: number): LogScale {
  const below = Math.min(...values) / ROUND_MARGIN;
  const least = roundValues(below / 10, below).at(-1) ?? below;
  const above = Math.max(Math.max(...values) * ROUND_MARGIN, least * 10);
  const most = roundValues(above, above * 10)[0] ?? above;
  return createScale(least, most, start, end);
}

function createScale(least: number, most: number, start: number, end: number): LogScale {
  const length = Math.log(most / least);
  const fine = roundValues(least, most);
  return {
    start,
    end,
    most,
    ticks: fine.length <= MOST_TICKS ? fine : fine.filter(isPowerOfTen),
    at: (value) => start + ((end - start) * Math.log(value / least)) / length,
  };
}

/** 1, 2 and 5 times the powers of ten. */
function roundValues(from: number, to: number): number[] {
  const powers: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to) + 1; power++) powers.push(power);
  return powers
    .flatMap((power) => [1, 2, 5].map((times) => Number(`${times}e${power}`)))
    .filter((value) => value >= from * 0.999 && value <= to * 1.001);
}

function isPowerOfTen(value: number): boolean {
  return Number.isInteger(Math.round(Math.log10(value) * 1e9) / 1e9);
}
