/** A fake REST API for tests of software that uses the gateway. */
export { sandboxKeys } from './keys.ts';
export { seeded } from './seed-data.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';
