/** Answers of other processes that are waited for by their number, each for a limited time. */
export interface Pending<Answer> {
  /** The number of a new question, and its answer; undefined when none came in time. */
  open(): { readonly id: number; readonly answer: Promise<Answer | undefined> };
  settle(id: number, answer: Answer): void;
}

export function createPending<Answer>(limitMs: number): Pending<Answer> {
  const waiting = new Map<number, (answer: Answer | undefined) => void>();
  let opened = 0;
  const settle = (id: number, answer: Answer | undefined) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  return {
    settle,
    open() {
      opened += 1;
      const id = opened;
      const answer = new Promise<Answer | undefined>((resolve) => waiting.set(id, resolve));
      setTimeout(() => settle(id, undefined), limitMs).unref();
      return { id, answer };
    },
  };
}
