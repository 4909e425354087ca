import { createHash } from 'node:crypto';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';

/** Automatic: hashes are sent, and the document once, when the gateway does not know its hash. */
export function createAutomaticLink(): PersistedQueryLink {
  return new PersistedQueryLink({
    sha256: (document) => createHash('sha256').update(document).digest('hex'),
  });
}

/** The file that `generate-persisted-query-manifest` writes. */
export type Manifest = Awaited<
  ReturnType<Parameters<typeof generatePersistedQueryIdsFromManifest>[0]['loadManifest']>
>;

/** From the manifest that the gateway has in PERSISTED_DOCUMENTS_FILE: documents are never sent. */
export function createManifestLink(loadManifest: () => Promise<Manifest>): PersistedQueryLink {
  return new PersistedQueryLink(generatePersistedQueryIdsFromManifest({ loadManifest }));
}
