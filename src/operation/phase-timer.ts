import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { Phase, VisitKeys, Visits } from './visit.ts';

/** Measures what each operation spends its time on. */
export function createPhaseTimer(visits: Visits): Plugin<Context> {
  const time = (keys: VisitKeys, phase: Phase) => {
    const startedAt = performance.now();
    return () => visits.took(keys, { [phase]: performance.now() - startedAt });
  };
  return {
    onParse: ({ context }) => time(context as VisitKeys, 'parse'),
    onValidate: ({ context }) => time(context as VisitKeys, 'validate'),
    onContextBuilding: ({ context }) => time(context as VisitKeys, 'context'),
    onExecute: ({ args: { contextValue } }) => ({
      onExecuteDone: time(contextValue as VisitKeys, 'execute'),
    }),
  };
}
