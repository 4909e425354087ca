import type { Documents } from '../port.ts';
import { KEEP_TEXT, READ_TEXT } from './lua/keep-text.ts';
import type { RedisLink } from './redis-link.ts';
import { Vault } from './vault.ts';

/** A document that nobody asks for is forgotten after a day; clients send it again then. */
const KEEP_MS = 24 * 60 * 60_000;

/**
 * Documents that a client has registered with any process. Each is encrypted under its own hash, which is not in the store:
 * only who can name a document can read it.
 */
export function createDocumentsInRedis(link: RedisLink, own: Documents): Documents {
  const placeOf = ({ tag }: Vault) => `${link.prefix}:{${tag}}:document`;

  const find = async (hash: string): Promise<string | undefined> => {
    const vault = new Vault(hash);
    const place = placeOf(vault);
    try {
      const sealed = (await link.run(READ_TEXT, [place], [KEEP_MS])) as Buffer;
      const document = sealed.length > 0 ? vault.open(sealed, place) : undefined;
      if (document !== undefined) void own.set(hash, document);
      return document;
    } catch {
      // Lost: clients send the document again.
      return undefined;
    }
  };

  return {
    get: (hash) => own.get(hash) ?? find(hash),
    set(hash, document) {
      const isKnown = own.get(hash) !== undefined;
      void own.set(hash, document);
      if (isKnown) return;
      const vault = new Vault(hash);
      const place = placeOf(vault);
      link.run(KEEP_TEXT, [place], [KEEP_MS, vault.seal(document, place)]).catch(() => undefined);
    },
  };
}
