/** A member of an answer that is not as the API documents it. Holds names and types, never a value. */
export interface Difference {
  /** Its path, such as `sessions[].job_id`. A key of a map is `*`. */
  readonly member: string;
  /** Documented but absent, of another type, or not documented. */
  readonly kind: 'missing' | 'type' | 'new';
  readonly documented: string | undefined;
  readonly found: string | undefined;
}

export interface EndpointDifference extends Difference {
  readonly endpoint: string;
}

/** Receives how answers of the API differ from its documentation. */
export interface AnswerObserver {
  /** `isFirstReport`: the same difference was not reported for an hour. */
  readonly differed?: (difference: EndpointDifference, isFirstReport: boolean) => void;
}
