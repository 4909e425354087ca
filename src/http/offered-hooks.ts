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

/**
 * Refuses a plugin that waits for a hook which is never called.
 * @param index - its place in the option `plugins`; -1 if another plugin has added it
 * @throws Error that names the plugin, or else the place, and the hook
 */
export function checkHooks(plugin: object, index: number): void {
  const { instrumentation, name } = plugin as { readonly instrumentation?: Members; readonly name?: unknown };
  const unnamed = index < 0 ? 'A plugin that another one adds' : `plugins[${index}]`;
  const place = typeof name === 'string' && name !== '' ? `The plugin ${JSON.stringify(name)}` : unnamed;
  refuseAnyOf(HOOKS_INSIDE, `${place} has the hook`, plugin as Members);
  refuseAnyOf(INSTRUMENTATION_INSIDE, `${place} has the instrumentation`, instrumentation ?? {});
}

function refuseAnyOf(names: readonly string[], has: string, members: Members): void {
  const given = names.find((name) => members[name] !== undefined);
  if (given === undefined) return;
  throw new Error(
    `${has} ${given}, which this gateway does not call, since it executes operations itself. It calls the hooks of HTTP: onRequest, onRequestParse, onParams, onExecutionResult, onResultProcess and onResponse. To see operations with their documents, calls and outcomes, use the option observers.`,
  );
}
