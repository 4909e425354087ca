import { isUsable, longestOf } from '../../luaauth/decoders.ts';
import { type Form, type ListForm, MapForm, type ObjectForm } from '../../luaauth/documented-form.ts';
import { isObject, type JsonObject } from '../../luaauth/envelope.ts';
import type { WireKind } from '../../luaauth/wire.ts';
import type { Difference } from '../../observability/difference.ts';

const MAX_COMPARED = 10_000;
const MAX_DIFFERENCES = 100;

/** Compares a success with its documentation, each difference once. Members named like a text that was `sent` become `?`. */
export function differencesIn(
  answer: JsonObject,
  documented: ObjectForm,
  sent: readonly unknown[],
): readonly Difference[] {
  const differences = new Map<string, Difference>();
  let left = MAX_COMPARED;
  const takesAnother = () => {
    left -= 1;
    return left >= 0;
  };

  function note(kind: Difference['kind'], member: string, form?: Form, value?: unknown): void {
    if (differences.size === MAX_DIFFERENCES) return;
    const documented = form === undefined ? undefined : typeIn(form);
    const found = kind === 'missing' ? undefined : typeOf(value, form);
    differences.set(`${kind} ${member}`, { member, kind, documented, found });
  }

  function compare(value: unknown, form: Form, member: string): void {
    if (typeof form === 'string') {
      if (form !== 'anything' && !isUsable(form, value)) note('type', member, form, value);
    } else if (isList(form)) {
      if (Array.isArray(value)) compareAll(value, form[0], `${member}[]`);
      else note('type', member, form, value);
    } else if (!isObject(value)) note('type', member, form, value);
    else if (form instanceof MapForm) {
      for (const name of form.always)
        if (!Object.hasOwn(value, name)) note('missing', `${member}.${name}`, form.values);
      compareAll(value, form.values, `${member}.*`);
    } else compareMembers(value, form, `${member}.`);
  }

  function compareAll(values: JsonObject | readonly unknown[], form: Form, member: string): void {
    for (const value of Object.values(values)) if (takesAnother()) compare(value, form, member);
  }

  /** What looks like data, such as a key, is shown as `?`. */
  function shown(name: string): string {
    return looksLikeName(name) && !sent.includes(name) ? name : '?';
  }

  function compareMembers(value: JsonObject, form: ObjectForm, before: string): void {
    for (const [name, known] of Object.entries(form)) {
      if (Object.hasOwn(value, name)) {
        if (takesAnother()) compare(value[name], known, before + name);
      } else if (!mayBeAbsent(known)) note('missing', before + name, known);
    }
    for (const name in value)
      if (takesAnother() && !Object.hasOwn(form, name))
        note('new', before + shown(name), undefined, value[name]);
  }

  compareMembers(answer, { success: 'boolean', ...documented }, '');
  return [...differences.values()];
}

/** Whether a member is a name, and not data such as a key. */
function looksLikeName(name: string): boolean {
  return NAME.test(name) && name.replace(/\D/g, '').length <= MAX_DIGITS;
}

const NAME = /^[A-Za-z_][\w-]{0,39}$/;
const MAX_DIGITS = 3;

function isList(form: Form): form is ListForm {
  return Array.isArray(form);
}

function mayBeAbsent(form: Form): boolean {
  return typeof form === 'string' && (form === 'anything' || form.endsWith(' or absent'));
}

const TYPES: Readonly<Record<WireKind, string>> = {
  name: 'string',
  text: 'string',
  id: 'id',
  'any id': 'id',
  boolean: 'boolean',
  count: 'whole number from 0 on',
  integer: 'integer',
  digits: 'string of digits',
  instant: 'Unix time in ms',
};

function typeIn(form: Form): string {
  if (typeof form !== 'string') return isList(form) ? 'list' : 'object';
  if (form === 'anything') return form;
  const [kind, or] = form.split(' or ') as [WireKind, string?];
  return or === undefined ? TYPES[kind] : `${TYPES[kind]} or null`;
}

/** How many characters the gateway accepts. LuaAuth documents no limit. */
function maxLengthOf(form: Form | undefined): number {
  if (typeof form !== 'string' || form === 'anything') return Infinity;
  const [kind] = form.split(' or ') as [WireKind];
  return longestOf(kind);
}

function typeOf(value: unknown, form: Form | undefined): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'list' : 'object';
  const maxLength = maxLengthOf(form);
  if (typeof value === 'string' && value.length > maxLength)
    return `string of more than ${maxLength.toLocaleString('en')} characters`;
  return typeof value === 'bigint' ? 'number' : typeof value;
}
