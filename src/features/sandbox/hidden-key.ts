import { createHash } from 'node:crypto';
import { decodeSegment } from './router.ts';

/** Stands for a licence key in the call record: the same for the same key, and no way back to it. */
export function hiddenKey(licenceKey: string): string {
  return `hidden-${createHash('sha256').update(licenceKey).digest('hex').slice(0, 8)}`;
}

/** A path with its licence key hidden, also when the rest of it is no endpoint. */
export function hidePathKey(path: string): string {
  return path.replace(
    /^(\/users\/)([^/?]+)/,
    (_path, users: string, segment: string) => users + hiddenKey(decodeSegment(segment) ?? segment),
  );
}

/** A path with the licence key hidden that its filter asks for. */
export function hideQueryKey(path: string): string {
  return path.replace(/([?&]key=)[^&]+/g, '$1hidden');
}
