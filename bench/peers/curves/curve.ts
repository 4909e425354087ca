/** The measures that may grow with a number of items. */
export interface Curve {
  /** The name of its file, without the ending. */
  readonly name: string;
  readonly title: string;
  /** The name of the items, such as `fields`. */
  readonly items: string;
  readonly measures: readonly Measure[];
  /** Remarks that a reader must know. */
  readonly notes: readonly string[];
  /** Why points are missing. */
  readonly failures: readonly string[];
}

export interface Measure {
  readonly label: string;
  readonly digits: number;
  readonly series: readonly Series[];
  /** A cost is drawn and held against linear growth; what is told stands in the table only. */
  readonly role: 'cost' | 'drawn' | 'told';
}

export interface Series {
  /** The name of the series, where there are several. */
  readonly name?: string;
  readonly points: readonly Point[];
}

export interface Point {
  readonly items: number;
  readonly value: number;
}

/** The name of a series beside what it measures. */
export function nameOf({ label }: Measure, { name }: Series): string {
  return name === undefined ? label : `${name}: ${label}`;
}
