import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The product, which is built before the first test: started from source, a process takes twice as long. */
export const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** The built module that an embedder imports, as a URL. */
export const INDEX = new URL('../../../dist/index.js', import.meta.url).href;

/** The arguments of Node with which it runs a TypeScript file of the tests or of `scripts/`. */
export const TYPESCRIPT = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];

/** Names of the built files that contain a module of `src/`, in this build and in earlier builds. */
export function filesWith(source: string): readonly string[] {
  const folder = new URL('.', INDEX);
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  // The bundler writes such a line above each module.
  return names.filter((name) => readFileSync(new URL(name, folder), 'utf8').includes(`// src/${source}\n`));
}

/**
 * The environment of a build. The compiler is a Go program that ends after some seconds: collecting its garbage takes a third
 * of its CPU time.
 */
export const BUILDING = { ...process.env, GOGC: 'off', GOMEMLIMIT: '1GiB' };
