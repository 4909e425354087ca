interface Initialize {
  readonly method?: unknown;
  readonly params?: {
    readonly clientInfo?: { readonly name?: unknown; readonly version?: unknown } | null;
  } | null;
}

/** The header that a client repeats in each message after `initialize`. */
export const SESSION = 'mcp-session-id';

/** Longer names are cut, because the client repeats the header in each message. */
const MAX_NAME = 60;
const MAX_SESSION = 400;

/** The client's encoded name: every gateway can read it, and no gateway stores it. Undefined for any other message. */
export function sessionOf(message: unknown): string | undefined {
  const { method, params } = (message ?? {}) as Initialize;
  const clientInfo = method === 'initialize' ? params?.clientInfo : undefined;
  if (!clientInfo) return undefined;
  const [name, version] = [clientInfo.name, clientInfo.version].map((text) =>
    typeof text === 'string' ? text.slice(0, MAX_NAME) : undefined,
  );
  return Buffer.from(JSON.stringify({ name, version })).toString('base64url');
}

export function clientOf(session: string | string[] | undefined): object | undefined {
  if (typeof session !== 'string' || session.length > MAX_SESSION) return undefined;
  try {
    const client: unknown = JSON.parse(Buffer.from(session, 'base64url').toString('utf8'));
    return typeof client === 'object' ? (client ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}
