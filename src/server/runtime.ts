import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { PACKAGE } from '../version.ts';

/** Undefined if the gateway can run. Bun replaces `undici` by a module that sends nothing. */
export function unsupportedRuntime(versions: Readonly<Record<string, string | undefined>>) {
  if (versions.bun === undefined) return undefined;
  return `Bun ${versions.bun} is not supported: its undici module cannot send the gateway's requests. Run it with Node 20.19 or newer, or with Deno.`;
}

/**
 * Sets flags of V8 for the whole process. Must run before other code, because V8 keeps what it has learned and compiled.
 * - Pretenuring off: V8 would learn from the first requests which objects live long, and allocate later objects of the same
 *   places in the old heap. In some starts thousands of bytes of each operation then outlive the young collection.
 * - WebAssembly compiled only once: compiling undici's HTTP parser again takes 36 MB and 0.1 s of CPU time in each process. It
 *   would save 0.5 µs per REST call.
 * - The old heap may double between two full collections, not quadruple: operations of 20 reads need 51 MB less.
 */
export function setV8Flags(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--heap-growing-percent=100');
}

/**
 * Keeps V8's compiled code for the next start, which then needs a third less CPU time. The cache is stored next to the
 * code: a user who can write there could change the code itself. If this process cannot write there, it runs without a cache.
 * NODE_COMPILE_CACHE names another folder; NODE_DISABLE_COMPILE_CACHE=1 turns the cache off.
 */
export function enableCompileCache(): void {
  // Exists in Node 22.8 and newer.
  const { enableCompileCache: enable } = module as { enableCompileCache?: (folder: string) => unknown };
  enable?.(fileURLToPath(new URL('dist/.compiled', PACKAGE)));
}
