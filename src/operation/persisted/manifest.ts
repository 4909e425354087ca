import { GraphQLError, parse } from 'graphql';
import { ID_FORM, isDocumentId } from './resolve.ts';
import type { ListedDocuments } from './store.ts';

const APOLLO = 'apollo-persisted-query-manifest';

/** A file that is no list of documents; the message goes on after the file's name. */
export class ManifestProblem extends Error {
  override name = 'ManifestProblem' as const;
}

/**
 * Reads a list of documents as client tools write it: Apollo's manifest, or `{"<id>": "<document>"}` as graphql-codegen
 * and Relay's compiler have it. @throws ManifestProblem
 */
export function readManifest(text: string): ListedDocuments {
  const documents = new Map<string, string>();
  for (const [id, document] of entriesOf(parseJson(text))) {
    const name = JSON.stringify(id.slice(0, 60));
    if (!isDocumentId(id)) throw new ManifestProblem(`has the id ${name}. An id is ${ID_FORM}.`);
    if (typeof document !== 'string') {
      throw new ManifestProblem(`has no text under the id ${name}. Give the document itself.`);
    }
    if ((documents.get(id) ?? document) !== document) {
      throw new ManifestProblem(`has two documents with the id ${name}. Give each its own.`);
    }
    checkDocument(name, document);
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
  if (format === undefined && operations === undefined) return Object.entries(manifest);
  if (format !== APOLLO || version !== 1 || !Array.isArray(operations)) throw unknownFormat();
  return operations.map((operation) => {
    const { id, body } = (operation ?? {}) as Record<string, unknown>;
    return [String(id), body];
  });
}

function checkDocument(name: string, document: string): void {
  try {
    parse(document, { noLocation: true });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new ManifestProblem(`has a document that is not GraphQL under the id ${name}: ${error.message}`);
  }
}

function unknownFormat() {
  return new ManifestProblem(
    `has a format that is unknown here. Give Apollo's ("format": "${APOLLO}", "version": 1) or an object of documents by their ids, {"<id>": "<document>"}.`,
  );
}
