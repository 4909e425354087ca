import { ManifestProblem, readManifest } from './manifest.ts';
import type { PersistedDocuments, PersistedMode } from './resolve.ts';
import type { ListedDocuments } from './store.ts';

/** Gives the text of a file, or why it is not read. */
type ReadFile = (path: string) => { readonly text: string } | { readonly problem: string };

/** What the two variables come to. Problems are added as lines that begin with the variable's name. */
export function configurePersisted(
  mode: PersistedMode,
  file: string | undefined,
  problems: string[],
  read: ReadFile,
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
  return { mode, listed: file === undefined ? new Map() : readList(file, problems, read) };
}

function readList(path: string, problems: string[], read: ReadFile): ListedDocuments {
  const say = (problem: string) =>
    problems.push(`PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(path)} ${problem}`);
  const file = read(path);
  if ('problem' in file) {
    say(`${file.problem}. Give the path of a readable file.`);
    return new Map();
  }
  try {
    return readManifest(file.text);
  } catch (error) {
    if (!(error instanceof ManifestProblem)) throw error;
    say(error.message);
    return new Map();
  }
}
