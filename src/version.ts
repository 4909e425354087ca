import { createRequire } from 'node:module';

/** The folder of the package: one above this file, and above each file of the build. */
export const PACKAGE = new URL('..', import.meta.url);

export const { version }: { readonly version: string } = createRequire(PACKAGE)('./package.json');
