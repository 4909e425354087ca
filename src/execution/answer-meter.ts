/** Counts what an answer holds while it is made. */
export interface AnswerMeter {
  /** @throws AnswerRefused */
  addObject(keyCharacters: number): void;
  /** @throws AnswerRefused */
  addError(): void;
  /** @throws AnswerRefused */
  addLeaf(value: unknown): void;
}

/** Ends an execution as a whole: it is no error of a field. */
export class AnswerRefused extends Error {
  /** What the client is told. */
  readonly reason: Error;

  constructor(reason: Error) {
    super(reason.message);
    this.reason = reason;
  }
}

/** Counts an answer that is there already. @throws AnswerRefused */
export function measureAnswer(value: unknown, meter: AnswerMeter): void {
  if (Array.isArray(value)) {
    for (const item of value) measureAnswer(item, meter);
  } else if (typeof value === 'object' && value !== null) {
    meter.addObject(Object.keys(value).join('').length);
    for (const member of Object.values(value)) measureAnswer(member, meter);
  } else {
    meter.addLeaf(value);
  }
}
