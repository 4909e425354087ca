import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError, WireFailure, WireInvalidField } from '../../luaauth/wire.ts';
import { sandboxKeys } from './keys.ts';
import type { SandboxState } from './state.ts';

/** The members of a body or query, which any client may have sent. */
export type SandboxValues = Record<string, unknown>;

/** Choices where docs/luaauth-api.md#the-luaauth-rest-api does not say how an endpoint behaves. */
export interface Behaviour {
  /** The most sessions in an answer, whatever `limit` says; by default 100. */
  maxLimit: number;
  /** How often a guest visits `seeded.visitedScriptId`, for five times as long; by default 0: never. */
  guestEveryMs: number;
  /** How long a disconnected session is still listed, by default 5,000 ms; 0: not at all. */
  disconnectMs: number;
  /** How long an update of a source takes, by default 0. */
  updateDelayMs: number;
  /** How long a client takes to answer a message, by default 50 ms. */
  messageDelayMs: number;
  /** How long the API waits for a silent client, by default the documented 60,000 ms. */
  messageTimeoutMs: number;
}

/** A request with a known key and a JSON object as body, which is empty if none was sent. */
export interface SandboxRequest {
  state: SandboxState;
  key: string;
  id: string;
  query: URLSearchParams;
  body: SandboxValues;
  /** The time in ms, by the sandbox's clock. */
  now: number;
  behaviour: Behaviour;
}

/** An answer that comes after some time. */
export class Later {
  readonly afterMs: number;
  readonly payload: object;

  constructor(afterMs: number, payload: object) {
    this.afterMs = afterMs;
    this.payload = payload;
  }
}

/** Returns what the answer has besides `success`, or throws a `Refusal`. */
export type Endpoint = (request: SandboxRequest) => object | Later;

export type Endpoints = Partial<Record<Route, Endpoint>>;

/** Thrown where an answer is a failure: docs/luaauth-api.md#failures. */
export class Refusal extends Error {
  readonly reply: WireFailure;

  constructor(code: number, message: string, failed?: WireError['failed']) {
    super(message);
    this.reply = { success: false, error: failed ? { code, message, failed } : { code, message } };
  }
}

const REFUSED = 'unauthorized or invalid request';

/** LuaAuth does not document the texts of the reasons; the code is from its sample. */
export const unauthorized = (...reasons: string[]) => new Refusal(0, REFUSED, reasons);

/** Invalid data: an object for each field. */
export const invalid = (fields: WireInvalidField[]) => new Refusal(0, REFUSED, fields);

/** @throws if the object is unknown, or belongs to another account */
export function find<Row>(rows: ReadonlyMap<string, Row>, id: string, kind: string): Row {
  const row = rows.get(id);
  if (row === undefined) throw unauthorized(`${kind} does not exist or is not yours`);
  return row;
}

/** @throws if the account has expired. This refusal has a different code at each endpoint. */
export function checkAccount({ key }: SandboxRequest, code: number): void {
  if (key === sandboxKeys.expired) throw new Refusal(code, 'account expired');
}

export function isObject(value: unknown): value is SandboxValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Readers of the members of a body, which return undefined for an absent or wrong member. Call `check` when all are read. */
export function createFields(values: SandboxValues) {
  const failed: WireInvalidField[] = [];
  const fail = (field: string, ...errors: WireInvalidField['errors']) => {
    failed.push({ field, errors });
    return undefined;
  };
  const read = <T>(name: string, kind: string, fits: (value: unknown) => value is T): T | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    return fits(value) ? value : fail(name, `must be ${kind}`);
  };
  const whole = (name: string) => read(name, 'a whole number, 0 or more', isWhole);
  return {
    text: (name: string) => read(name, 'a string', isText),
    flag: (name: string) => read(name, 'a boolean', isFlag),
    /** An index, a duration or an instant in ms. */
    whole,
    /** For edits, where `""` clears. */
    clearableText(name: string, maxLength = Number.POSITIVE_INFINITY): string | null | undefined {
      const value = read(name, 'a string', isText);
      if (value !== undefined && [...value].length > maxLength) {
        return fail(name, `must have at most ${maxLength} characters`);
      }
      return value === '' ? null : value;
    },
    clearableWhole: (name: string) => (values[name] === '' ? null : whole(name)),
    /** A Roblox number in a query, kept as digits so that none is too large. */
    digits: (name: string) => read(name, 'a number', isDigits),
    texts(name: string): string[] | undefined {
      const list = read(name, 'a list of strings', Array.isArray) as unknown[] | undefined;
      if (!list || list.every(isText)) return list;
      const errors = list.flatMap((item, index) => (isText(item) ? [] : [`item ${index} must be a string`]));
      return fail(name, { message: 'has invalid items', errors });
    },
    /** @throws a refusal that names each wrong member, and each required member that is missing */
    check(...required: string[]): void {
      const missing = required.filter((name) => values[name] === undefined);
      const problems = [...missing.map((field) => ({ field, errors: ['is required'] })), ...failed];
      if (problems.length > 0) throw invalid(problems);
    },
  };
}

/** Null leaves a field unchanged. */
export function createEditFields(body: SandboxValues) {
  return createFields(Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)));
}

/** The given members of an edit. Undefined if there are none. */
export function changesOf<Edit extends object>(edit: Edit): Partial<Edit> | undefined {
  const given = Object.entries(edit).filter(([, value]) => value !== undefined);
  return given.length > 0 ? (Object.fromEntries(given) as Partial<Edit>) : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isDigits = (value: unknown): value is string => isText(value) && /^\d+$/.test(value);
