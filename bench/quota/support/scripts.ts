/** The scripts of the harness's REST side, and how strict and slow it is. */
export const QUOTA_PER_SECOND = 50;
export const LATENCY_MS = 20;

/** The key of a client that waits for no other client: its calls do not count as arrivals. */
export const KEY_OF_RENAMES = 'key-of-renames';

/** Every script begins with this name; edits count up from it. */
export const FIRST_NAME = '0';

/** The id of the script with this index. */
export function scriptId(index: number): string {
  return `65f1bec4${index.toString(16).padStart(16, '0')}`;
}
