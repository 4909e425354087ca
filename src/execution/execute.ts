import type { ExecutionArgs } from 'graphql';
import type { PreparedOperation } from './prepare.ts';
export type ExecuteArgs = ExecutionArgs & {
  readonly prepared?: PreparedOperation | undefined;
  readonly coerced?: Readonly<Record<string, unknown>> | undefined;
};
