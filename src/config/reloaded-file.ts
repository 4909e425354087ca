import { hash } from 'node:crypto';
import type { TextFile } from './text-file.ts';

/** What a file holds, or sentences about why it cannot be used, without any secret. */
export type FileContent<Value> = { readonly value: Value } | { readonly problems: readonly string[] };

/** A look at a file. `version` differs whenever the content differs. */
export interface FileLook<Value> {
  readonly version: string;
  read(): FileContent<Value>;
}

/** A file that may change while the gateway runs, with what it held when the configuration was read. */
export interface ReloadedFile<Value> {
  /** The variable that names the file. */
  readonly variable: string;
  readonly path: string;
  readonly value: Value;
  readonly version: string;
  look(): FileLook<Value>;
}

/** Returns undefined without a path. If the file cannot be used, adds its problems and returns undefined, too. */
export function openReloadedFile<Value>(
  variable: string,
  path: string | undefined,
  lookAt: (path: string) => FileLook<Value>,
  problems: string[],
): ReloadedFile<Value> | undefined {
  if (path === undefined) return undefined;
  const name = `${variable}: ${JSON.stringify(path)}`;
  const look = (): FileLook<Value> => {
    const { version, read } = lookAt(path);
    return {
      version,
      read() {
        const content = read();
        if ('value' in content) return content;
        return { problems: content.problems.map((problem) => `${name}: ${problem}`) };
      },
    };
  };
  const { version, read } = look();
  const content = read();
  if ('value' in content) return { variable, path, value: content.value, version, look };
  problems.push(...content.problems);
  return undefined;
}

/** A look at a file of text. */
export function lookAtText<Value>(
  file: TextFile,
  parse: (text: string) => FileContent<Value>,
): FileLook<Value> {
  if ('text' in file) return { version: hash('sha256', file.text), read: () => parse(file.text) };
  const { problem } = file;
  return {
    version: problem,
    read: () => ({ problems: [`the file ${problem}. Give the path of a readable file.`] }),
  };
}
