import type { Answer, Call } from './call.ts';
import type { Usage } from './usage.ts';

/** Makes a call for an operation, in whose usage it counts: the cache, the retries, the request itself. */
export type Send = <T>(call: Call<T>, usage: Usage) => Promise<Answer<T>>;

/** One step on the way of a call. */
export type Interceptor = (next: Send) => Send;
