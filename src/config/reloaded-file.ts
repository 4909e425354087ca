import { hash } from 'node:crypto';
import { collect, named, Unusable } from './unusable.ts';

/** A look at a file. */
interface FileLook<Value> {
  /** Differs whenever the content differs. */
  readonly version: string;
  /** @throws Unusable, whose problems name the variable and the file */
  read(): Value;
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

interface FileKind<Value> {
  /** @throws Unusable */
  readonly readText: (path: string) => string;
  /** @throws Unusable */
  readonly parse: (text: string) => Value;
}

/** Returns undefined without a path. If the file cannot be used, adds its problems and returns undefined, too. */
export function openReloadedFile<Value>(
  variable: string,
  path: string | undefined,
  { readText, parse }: FileKind<Value>,
  problems: string[],
): ReloadedFile<Value> | undefined {
  if (!path) return undefined;
  const name = `${variable}: ${JSON.stringify(path)}`;
  const look = (): FileLook<Value> => {
    try {
      const text = readText(path);
      return { version: hash('sha256', text), read: () => named(name, () => parse(text)) };
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const fail = () => {
        throw error;
      };
      return { version: error.message, read: () => named(name, fail) };
    }
  };
  const { version, read } = look();
  return collect(problems, () => ({ variable, path, value: read(), version, look }));
}
