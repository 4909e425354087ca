/** The hooks that a gateway calls: hooks that set a plugin up, and all hooks of HTTP. */
const OFFERED: readonly string[] = [
  'onYogaInit',
  'onPluginInit',
  'onSchemaChange',
  'onDispose',
  'onRequest',
  'onRequestParse',
  'onParams',
  'onExecutionResult',
  'onResultProcess',
  'onResponse',
];

const INSTRUMENTED: readonly string[] = ['request', 'requestParse', 'operation', 'resultProcess'];

/** Refuses a plugin that waits for a hook which is never called. @throws Error that names the hook */
export function checkHooks(plugin: object): void {
  const hooks = namesIn(plugin).filter((name) => /^on[A-Z]/.test(name));
  refuseOthers('hook', hooks, OFFERED);
  refuseOthers('instrumentation', namesIn(instrumentationOf(plugin)), INSTRUMENTED);
}

function refuseOthers(kind: string, names: readonly string[], offered: readonly string[]): void {
  const other = names.find((name) => !offered.includes(name));
  if (other === undefined) return;
  throw new Error(
    `A plugin has the ${kind} ${other}, which this gateway does not call. It calls ${offered.join(', ')}. To see operations with their documents, calls and outcomes, use the option observers.`,
  );
}

function instrumentationOf(plugin: object): object {
  return ('instrumentation' in plugin && (plugin.instrumentation as object | undefined)) || {};
}

/** The names of the members that a plugin or its class has set. */
function namesIn(plugin: object): string[] {
  const names: string[] = [];
  for (let part = plugin; part !== Object.prototype && part !== null; part = Object.getPrototypeOf(part))
    names.push(...Object.getOwnPropertyNames(part));
  return names.filter((name) => (plugin as Record<string, unknown>)[name] !== undefined);
}
