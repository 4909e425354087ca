import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A value of an option: text, a number, or the id of a user. */
export type CommandOptions = Readonly<Record<string, string | number | boolean | undefined>>;

/** Somebody has sent `/licence …`, as far as the bot looks at it. */
export interface CommandInteraction {
  readonly id: string;
  readonly applicationId: string;
  /** Good for 15 minutes, for who wants to answer in the bot's place: a secret. */
  readonly token: string;
  readonly command: string;
  readonly subcommand: string;
  readonly options: CommandOptions;
  readonly by: string;
  /** The sender's permissions in the channel. */
  readonly permissions: bigint;
}

/** Discord's key as the DER of an Ed25519 public key begins. */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @throws when it is no Ed25519 key in hex. */
export function readPublicKey(hex: string): KeyObject {
  return createPublicKey({
    key: Buffer.concat([DER_PREFIX, Buffer.from(hex, 'hex')]),
    format: 'der',
    type: 'spki',
  });
}

/** Whether Discord has sent this. It tests now and then that a bot refuses what it has not signed. */
export function isSigned(key: KeyObject, headers: IncomingHttpHeaders, body: Buffer): boolean {
  const { 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp } = headers;
  if (typeof signature !== 'string' || typeof timestamp !== 'string') return false;
  return verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'hex'));
}

interface RawInteraction {
  readonly type?: number;
  readonly id?: string;
  readonly application_id?: string;
  readonly token?: string;
  readonly member?: { readonly permissions?: string; readonly user?: { readonly id?: string } };
  readonly data?: {
    readonly name?: string;
    readonly options?: readonly {
      readonly name: string;
      readonly options?: readonly { readonly name: string; readonly value: string | number | boolean }[];
    }[];
  };
}

const PING = 1;
const APPLICATION_COMMAND = 2;

/** Undefined: nothing that the bot has to do with. */
export function readInteraction(body: Buffer): 'ping' | CommandInteraction | undefined {
  const raw = JSON.parse(body.toString('utf8')) as RawInteraction;
  if (raw.type === PING) return 'ping';
  if (raw.type !== APPLICATION_COMMAND) return undefined;
  const [subcommand] = raw.data?.options ?? [];
  return {
    id: raw.id ?? '',
    applicationId: raw.application_id ?? '',
    token: raw.token ?? '',
    command: raw.data?.name ?? '',
    subcommand: subcommand?.name ?? '',
    options: Object.fromEntries((subcommand?.options ?? []).map(({ name, value }) => [name, value])),
    by: raw.member?.user?.id ?? '',
    permissions: BigInt(raw.member?.permissions ?? 0),
  };
}
