/** Whether a content type is JSON in UTF-8. A list of several types is not: browsers and servers read it differently. */
export function isJson(contentType: string): boolean {
  return /^application\/json\s*(;\s*charset\s*=\s*"?(utf-?8|us-ascii)"?\s*)?$/i.test(contentType.trim());
}

const ANSWERS = new Set(['*/*', 'application/*', 'application/json', 'application/graphql-response+json']);

/** Whether an `accept` header allows a media type that operations are answered in. */
export function isAcceptable(accept: string | null): boolean {
  if (!accept) return true;
  return accept
    .split(',')
    .some((range) => ANSWERS.has((range.split(';', 1)[0] as string).trim().toLowerCase()));
}
