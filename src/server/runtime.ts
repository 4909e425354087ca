/**
 * Why the gateway does not run here; undefined: it does. Bun answers `import 'undici'` with a stand-in of its own that
 * sends nothing: the gateway would start, and then fail every field.
 */
export function unsupportedRuntime(
  versions: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (versions.bun === undefined) return undefined;
  return `Bun ${versions.bun} is not supported: its own undici cannot send what the gateway sends. Run it with Node 20.19 or newer, or with Deno.`;
}
