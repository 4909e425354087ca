import { createRequire } from 'node:module';
import type graphql from 'graphql';
import { DOCUMENT_ID_FORM, isDocumentId } from '../operation/document-id.ts';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import { type FileLook, lookAtText } from './reloaded-file.ts';
import { readDocuments } from './text-file.ts';

const MAX_BYTES = 32 * 1024 * 1024;

/** Reads a manifest, or a folder of documents. */
export function lookAtDocuments(path: string): FileLook<ListedDocuments> {
  return lookAtText<ListedDocuments>(readDocuments(path, MAX_BYTES), (text) => {
    const listed = readManifest(text);
    return typeof listed === 'string' ? { problems: [listed] } : { value: listed };
  });
}

const APOLLO = 'apollo-persisted-query-manifest';

const UNKNOWN_FORMAT = `it has an unknown format. Give Apollo's manifest ("format": "${APOLLO}", "version": 1) or an object of documents by id, {"<id>": "<document>"}.`;

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
    if (!isDocumentId(id)) return `it has the id ${name}. An id is ${DOCUMENT_ID_FORM}.`;
    if (typeof document !== 'string') return `it has no text under the id ${name}. Give the document itself.`;
    if ((documents.get(id) ?? document) !== document)
      return `it has two documents with the id ${name}. Give each document its own id.`;
    try {
      parse(document, { noLocation: true });
    } catch (error) {
      return `it has a document that is not GraphQL under the id ${name}: ${(error as Error).message}`;
    }
    documents.set(id, document);
  }
  return documents.size > 0 ? documents : 'it has no documents. Write them with the tool of your client.';
}

function entriesOf(text: string): readonly (readonly [id: string, document: unknown])[] | string {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return 'it is not JSON. Write it again with the tool of your client.';
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
