import type { Member } from './wire.ts';

/** The form of a value in the JSON of the API, as its pages document it. */
export type Form = Member | 'anything' | ObjectForm | ListForm | MapForm;
export interface ObjectForm {
  readonly [name: string]: Form;
}
export type ListForm = readonly [Form];

export class MapForm {
  readonly values: Form;
  readonly always: readonly string[];
  constructor(values: Form, always: readonly string[]) {
    this.values = values;
    this.always = always;
  }
}

/** Declares a map; the keys in `always` must exist. */
export function mapOf(values: Form, ...always: readonly string[]): MapForm {
  return new MapForm(values, always);
}
