import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type Config, readConfig } from '../../../src/config/config.ts';
import type { Environment } from '../../../src/config/environment.ts';

/** The problems of an environment; empty if there are none. */
export function problemsIn(environment: Environment): readonly string[] {
  const result = readConfig(environment);
  return 'problems' in result ? result.problems : [];
}

/** @throws Error for an environment with problems */
export function configOf(environment: Environment): Config {
  const result = readConfig(environment);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  return result.config;
}

/** Writes files into a folder of the test's own, which goes with it. */
export function useFolder() {
  const folder = { path: '', write: (_name: string, _content: string): string => '' };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'luaauth-graphql-config-'));
    folder.write = (name, content) => {
      const path = join(folder.path, name);
      writeFileSync(path, content);
      return path;
    };
  });
  afterEach(() => rmSync(folder.path, { recursive: true }));
  return folder;
}
