/** The allowed form of an id, in words for error messages. */
export const ID_FORM = '1 to 128 letters, digits or any of _ - . ~ :, and not dots alone';

const ID = /^(?!\.+$)[\w.~:-]{1,128}$/;

/**
 * Whether a value can be the id of a script, session, project or job in a path. The API does not document its ids;
 * this grammar keeps out whatever could leave its path segment. `encodeURIComponent` alone does not: it lets `.` and
 * `..` through, and a URL parser folds them.
 */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}
