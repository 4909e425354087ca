/** The hooks inside an operation, which the gateway parses, checks and executes by itself. */
const HOOKS_INSIDE = [
  'onEnveloped',
  'onParse',
  'onValidate',
  'onContextBuilding',
  'onExecute',
  'onSubscribe',
];
const INSTRUMENTATION_INSIDE = ['init', 'parse', 'validate', 'context', 'execute', 'subscribe'];

type Members = Readonly<Record<string, unknown>>;

/** Refuses a plugin that waits for a hook which is never called. @throws Error that names the hook */
export function checkHooks(plugin: object): void {
  const { instrumentation } = plugin as { readonly instrumentation?: Members };
  refuseAnyOf(HOOKS_INSIDE, 'hook', plugin as Members);
  refuseAnyOf(INSTRUMENTATION_INSIDE, 'instrumentation', instrumentation ?? {});
}

function refuseAnyOf(names: readonly string[], kind: string, members: Members): void {
  const given = names.find((name) => members[name] !== undefined);
  if (given === undefined) return;
  throw new Error(
    `A plugin has the ${kind} ${given}, which this gateway does not call, since it executes operations itself. It calls the hooks of HTTP: onRequest, onRequestParse, onParams, onExecutionResult, onResultProcess and onResponse. To see operations with their documents, calls and outcomes, use the option observers.`,
  );
}
