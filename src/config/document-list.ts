import { createRequire } from 'node:module';
import type graphql from 'graphql';
import { DOCUMENT_ID_FORM, isDocumentId } from '../operation/document-id.ts';
import type { ListedDocuments, PersistedDocuments, PersistedMode } from '../operation/document-resolver.ts';

type ReadFile = (path: string) => { readonly text: string } | { readonly problem: string };

/** Reads the two variables of persisted documents. Each problem begins with the variable's name. */
export function configurePersisted(
  mode: PersistedMode,
  file: string | undefined,
  problems: string[],
  read: ReadFile,
): PersistedDocuments {
  const isRead = file !== undefined && mode !== 'off';
  return { mode, listed: isRead ? readList(file, problems, read) : new Map() };
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

const APOLLO = 'apollo-persisted-query-manifest';

/** A file that is no list of documents. Its message continues the file's name. */
class ManifestProblem extends Error {
  override name = 'ManifestProblem' as const;
}

/** Apollo's manifest, or `{"<id>": "<document>"}` of graphql-codegen and Relay's compiler. @throws ManifestProblem */
function readManifest(text: string): ListedDocuments {
  // Loaded late, because the process that starts workers has no other use for it.
  const { parse }: typeof graphql = createRequire(import.meta.url)('graphql');
  const documents = new Map<string, string>();
  for (const [id, document] of entriesOf(parseJson(text))) {
    const name = JSON.stringify(id.slice(0, 60));
    if (!isDocumentId(id)) throw new ManifestProblem(`has the id ${name}. An id is ${DOCUMENT_ID_FORM}.`);
    if (typeof document !== 'string') {
      throw new ManifestProblem(`has no text under the id ${name}. Give the document itself.`);
    }
    if ((documents.get(id) ?? document) !== document) {
      throw new ManifestProblem(`has two documents with the id ${name}. Give each document its own id.`);
    }
    try {
      parse(document, { noLocation: true });
    } catch (error) {
      throw new ManifestProblem(
        `has a document that is not GraphQL under the id ${name}: ${(error as Error).message}`,
      );
    }
    documents.set(id, document);
  }
  if (documents.size === 0)
    throw new ManifestProblem('has no documents. Write them with the tool of your client.');
  return documents;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ManifestProblem('is not JSON. Write it again with the tool of your client.');
  }
}

function entriesOf(manifest: unknown): [id: string, document: unknown][] {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) throw unknownFormat();
  const { format, version, operations } = manifest as Record<string, unknown>;
  // A document may be named like one of these members.
  if (!Array.isArray(operations)) return Object.entries(manifest);
  if (format !== APOLLO || version !== 1) throw unknownFormat();
  return operations.map((operation) => {
    const { id, body } = (operation ?? {}) as Record<string, unknown>;
    return [String(id), body];
  });
}

function unknownFormat() {
  return new ManifestProblem(
    `has an unknown format. Give Apollo's manifest ("format": "${APOLLO}", "version": 1) or an object of documents by id, {"<id>": "<document>"}.`,
  );
}
