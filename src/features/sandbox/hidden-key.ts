import { createHash } from 'node:crypto';
import { decodeSegment } from './router.ts';

/** Replaces a licence key in the call record. Equal keys have equal replacements, which do not reveal the key. */
export function hiddenKey(licenceKey: string): string {
  return `hidden-${createHash('sha256').update(licenceKey).digest('hex').slice(0, 8)}`;
}

/** Hides the licence key in a path, even if the path is no endpoint. */
export function hidePathKey(path: string): string {
  return path.replace(
    /^(\/users\/)([^/?]+)/,
    (_path, users: string, segment: string) => users + hiddenKey(decodeSegment(segment) ?? segment),
  );
}

export function hideQueryKey(path: string): string {
  return path.replace(/([?&]key=)[^&]+/g, '$1hidden');
}
