import { readFileSync } from 'node:fs';
import { ManifestProblem, readManifest } from './manifest.ts';
import type { PersistedDocuments, PersistedMode } from './resolve.ts';
import type { ListedDocuments } from './store.ts';

/** What the two variables come to. Problems are added as lines that begin with the variable's name. */
export function configurePersisted(
  mode: PersistedMode,
  file: string | undefined,
  problems: string[],
): PersistedDocuments {
  if (mode === 'only' && file === undefined) {
    problems.push(
      'PERSISTED_DOCUMENTS_FILE: not set, but PERSISTED_DOCUMENTS is only, so every operation would be refused. Give the path of the list of documents.',
    );
  }
  if (mode === 'off' && file !== undefined) {
    problems.push(
      'PERSISTED_DOCUMENTS_FILE: set, but PERSISTED_DOCUMENTS is off, so nothing would read it. Leave one of the two out.',
    );
    return { mode, listed: new Map() };
  }
  return { mode, listed: file === undefined ? new Map() : readList(file, problems) };
}

function readList(file: string, problems: string[]): ListedDocuments {
  const say = (problem: string) =>
    problems.push(`PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(file)} ${problem}`);
  try {
    return readManifest(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof ManifestProblem) say(error.message);
    else {
      const { code } = error as NodeJS.ErrnoException;
      say(`cannot be read (${code}). Give the path of a readable file.`);
    }
    return new Map();
  }
}
