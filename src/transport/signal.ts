/** The part of an AbortSignal that the transport needs. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: AbortListener): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** An object hears of an abort by its own method, which spares a function for each call. */
export interface AbortListener {
  handleEvent(): void;
}

/** A signal and what aborts it: one for each call and each request, so it is lighter than an AbortController. */
export class AbortSource implements Signal {
  /** Most have one listener. */
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
