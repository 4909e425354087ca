import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

/** The path of a file of the repository. */
export const pathOf = (path: string) => fileURLToPath(new URL(path, ROOT));

/** The text of a file of the repository. */
export const textOf = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
