import type { Operation, OperationRequest, UpstreamMode } from './request.ts';
import { type ShownAnswer, send } from './send.ts';

/** How GraphiQL takes an answer that it can stop waiting for. */
export interface Subscribable {
  subscribe(observer: { next(answer: unknown): void; complete(): void }): { unsubscribe(): void };
}

export type Fetcher = (
  operation: Operation,
  options?: { readonly headers?: Readonly<Record<string, unknown>> },
) => Promise<unknown> | Subscribable;

export interface FetcherParts {
  build(
    operation: Operation,
    typedHeaders: Readonly<Record<string, unknown>>,
    mode: UpstreamMode,
  ): OperationRequest;
  /** What a visitor's operation that leaves now was started with. */
  takeMode(): UpstreamMode;
  /** A visitor's operation leaves. */
  onSend(request: OperationRequest): void;
  /** Its answer is there. */
  onAnswer(outcome: ShownAnswer): void;
}

const INTROSPECTION = 'IntrospectionQuery';

/** What GraphiQL sends operations with. The page's own reads of the schema are sent, but not told of. */
export function createFetcher({ build, takeMode, onSend, onAnswer }: FetcherParts): Fetcher {
  return (operation, { headers = {} } = {}) => {
    if (operation.operationName === INTROSPECTION) {
      const request = build(operation, headers, 'report');
      return new Promise((resolve) => {
        void send(request, new AbortController().signal, ({ answer }) => resolve(answer));
      });
    }
    const request = build(operation, headers, takeMode());
    onSend(request);
    return {
      subscribe(observer) {
        const controller = new AbortController();
        const show = (outcome: ShownAnswer) => {
          if (controller.signal.aborted) return;
          onAnswer(outcome);
          observer.next(outcome.answer);
        };
        void send(request, controller.signal, show).then(() => {
          if (!controller.signal.aborted) observer.complete();
        });
        return { unsubscribe: () => controller.abort() };
      },
    };
  };
}
