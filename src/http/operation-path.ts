import type { OperationPath } from '../operation/params.ts';

/** Reads `/graphql` and `/graphql/{documentId}[/{operationName}]`; undefined for a path that is no operation's. */
export function readOperationPath(pathname: string): OperationPath | undefined {
  if (pathname === '/graphql' || pathname === '/graphql/') return {};
  const [, documentId, operationName] = /^\/graphql\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (documentId === undefined) return undefined;
  try {
    return {
      documentId: decodeURIComponent(documentId),
      operationName: operationName && decodeURIComponent(operationName),
    };
  } catch {
    return undefined;
  }
}
