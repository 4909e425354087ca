/** Says that what somebody asked for is no longer wanted. An AbortSignal fits as well. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: AbortListener): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** A listener with a method of its own, which spares a function for each call. */
export interface AbortListener {
  handleEvent(): void;
}

/** A signal and its source. Each call and each request has one, so it is lighter than an AbortController. */
export class AbortSource implements Signal {
  /** Most signals have a single listener. */
  #listener: AbortListener | undefined;
  #others: Set<AbortListener> | undefined;
  aborted = false;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = [this.#listener, ...(this.#others ?? [])];
    this.#listener = undefined;
    this.#others = undefined;
    for (const listener of listeners) listener?.handleEvent();
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.aborted) return;
    if (this.#listener === undefined) {
      this.#listener = listener;
    } else {
      this.#others ??= new Set();
      this.#others.add(listener);
    }
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}
