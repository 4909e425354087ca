import type { Plugin } from 'graphql-yoga';
import { COMMON_HEADERS } from './answer.ts';

/** Puts the common headers on every answer, except where it has its own, as the GraphiQL page does. */
export function createCommonHeaders(): Plugin {
  const headers = Object.entries(COMMON_HEADERS);
  return {
    onResponse({ response }) {
      for (const [name, value] of headers) {
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
    },
  };
}
