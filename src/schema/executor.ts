import { execute } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * GraphQL's own executor in the place of Yoga's. Yoga's (`@graphql-tools/executor` 2.0) writes the fields of an object in
 * the order in which they became known; the specification asks for the order in which they were selected.
 */
export function createExecutor(): Plugin {
  return {
    onExecute({ setExecuteFn }) {
      setExecuteFn(execute as Parameters<typeof setExecuteFn>[0]);
    },
  };
}
