import { createRequire } from 'node:module';
import type graphql from 'graphql';
import { DOCUMENT_ID_FORM, isDocumentId } from '../operation/document-id.ts';
import type { ListedDocuments, PersistedDocuments, PersistedMode } from '../operation/document-resolver.ts';

type ReadFile = (path: string) => { readonly text: string } | { readonly problem: string };

/** Reads the two variables of persisted documents. Each problem begins with the variable's name. */
export function configurePersisted(
  mode: PersistedMode,
  path: string | undefined,
  problems: string[],
  readFile: ReadFile,
): PersistedDocuments {
  if (path === undefined || mode === 'off') return { mode, listed: new Map() };
  const file = readFile(path);
  const read =
    'text' in file ? readManifest(file.text) : `${file.problem}. Give the path of a readable file.`;
  if (typeof read !== 'string') return { mode, listed: read };
  problems.push(`PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(path)} ${read}`);
  return { mode, listed: new Map() };
}

const APOLLO = 'apollo-persisted-query-manifest';

const UNKNOWN_FORMAT = `has an unknown format. Give Apollo's manifest ("format": "${APOLLO}", "version": 1) or an object of documents by id, {"<id>": "<document>"}.`;

/**
 * Apollo's manifest, or `{"<id>": "<document>"}` of graphql-codegen and Relay's compiler. Returns a text if the file is
 * neither, which continues the file's name.
 */
function readManifest(text: string): ListedDocuments | string {
  // Loaded late, because the process that starts workers has no other use for it.
  const { parse }: typeof graphql = createRequire(import.meta.url)('graphql');
  const entries = entriesOf(text);
  if (typeof entries === 'string') return entries;
  const documents = new Map<string, string>();
  for (const [id, document] of entries) {
    const name = JSON.stringify(id.slice(0, 60));
    if (!isDocumentId(id)) return `has the id ${name}. An id is ${DOCUMENT_ID_FORM}.`;
    if (typeof document !== 'string') return `has no text under the id ${name}. Give the document itself.`;
    if ((documents.get(id) ?? document) !== document)
      return `has two documents with the id ${name}. Give each document its own id.`;
    try {
      parse(document, { noLocation: true });
    } catch (error) {
      return `has a document that is not GraphQL under the id ${name}: ${(error as Error).message}`;
    }
    documents.set(id, document);
  }
  return documents.size > 0 ? documents : 'has no documents. Write them with the tool of your client.';
}

function entriesOf(text: string): readonly (readonly [id: string, document: unknown])[] | string {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return 'is not JSON. Write it again with the tool of your client.';
  }
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) return UNKNOWN_FORMAT;
  const { format, version, operations } = manifest as Record<string, unknown>;
  // A document may be named like one of these members.
  if (!Array.isArray(operations)) return Object.entries(manifest);
  if (format !== APOLLO || version !== 1) return UNKNOWN_FORMAT;
  return operations.map((operation) => {
    const { id, body } = (operation ?? {}) as Record<string, unknown>;
    return [String(id), body];
  });
}
