import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The product as built, which `build-product` does before the first test: started from source, a process takes twice as long. */
export const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** The built module that an embedder imports, as a URL. */
export const INDEX = new URL('../../../dist/index.js', import.meta.url).href;

/** The arguments of Node with which it runs a TypeScript file of the tests or of `scripts/`. */
export const TYPESCRIPT = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];

/** A built module by its path in `src/`, with the types of its source. */
export const importBuilt = <Module>(path: string): Promise<Module> =>
  import(new URL(`../../../dist/${path}.js`, import.meta.url).href);

/**
 * The environment of a build. The compiler is a Go program that ends after some seconds: collecting its garbage takes a third
 * of its CPU time.
 */
export const BUILDING = { ...process.env, GOGC: 'off', GOMEMLIMIT: '1GiB' };
