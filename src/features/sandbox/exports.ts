/** The stand-in for the REST API, for tests of what is built on the gateway. */
export { hiddenKey } from './hidden-key.ts';
export { sandboxKeys } from './keys.ts';
export { seeded } from './seed-data.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';
