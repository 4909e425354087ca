import { createRequire } from 'node:module';
import type graphql from 'graphql';
import { DOCUMENT_ID_FORM, isDocumentId } from '../operation/document-id.ts';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import { readDocuments } from './text-file.ts';
import { named, Unusable } from './unusable.ts';

const MAX_BYTES = 32 * 1024 * 1024;

/** Reads the list of `PERSISTED_DOCUMENTS_FILE`: a manifest, or a folder of documents. @throws Unusable */
export function readDocumentList(path: string): ListedDocuments {
  return named(`PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(path)}`, () =>
    readManifest(readDocuments(path, MAX_BYTES)),
  );
}

const APOLLO = 'apollo-persisted-query-manifest';

const UNKNOWN_FORMAT = `it has an unknown format. Give Apollo's manifest ("format": "${APOLLO}", "version": 1) or an object of documents by id, {"<id>": "<document>"}.`;

/**
 * Apollo's manifest, or `{"<id>": "<document>"}` of graphql-codegen and Relay's compiler.
 * @throws Unusable if the text is neither
 */
function readManifest(text: string): ListedDocuments {
  // Loaded late, because most starts have no list and the messages of a wrong variable need no GraphQL.
  const { parse }: typeof graphql = createRequire(import.meta.url)('graphql');
  const documents = new Map<string, string>();
  for (const [id, document] of entriesOf(text)) {
    const name = JSON.stringify(id.slice(0, 60));
    if (!isDocumentId(id)) throw new Unusable(`it has the id ${name}. An id is ${DOCUMENT_ID_FORM}.`);
    if (typeof document !== 'string')
      throw new Unusable(`it has no text under the id ${name}. Give the document itself.`);
    if ((documents.get(id) ?? document) !== document)
      throw new Unusable(`it has two documents with the id ${name}. Give each document its own id.`);
    try {
      parse(document, { noLocation: true });
    } catch (error) {
      throw new Unusable(
        `it has a document that is not GraphQL under the id ${name}: ${(error as Error).message}`,
      );
    }
    documents.set(id, document);
  }
  if (documents.size === 0)
    throw new Unusable('it has no documents. Write them with the tool of your client.');
  return documents;
}

function entriesOf(text: string): readonly (readonly [id: string, document: unknown])[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw new Unusable('it is not JSON. Write it again with the tool of your client.');
  }
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw new Unusable(UNKNOWN_FORMAT);
  const { format, version, operations } = manifest as Record<string, unknown>;
  // A document may be named like one of these members.
  if (!Array.isArray(operations)) return Object.entries(manifest);
  if (format !== APOLLO || version !== 1) throw new Unusable(UNKNOWN_FORMAT);
  return operations.map((operation) => {
    const { id, body } = (operation ?? {}) as Record<string, unknown>;
    return [String(id), body];
  });
}
