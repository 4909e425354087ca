import { requestError } from '../errors/coded-error.ts';
import { isJson, negotiateMediaType, negotiateStream } from './media-type.ts';

/** The refusal of a request that no answer would suit; undefined for any other. */
export function checkAccept(accept: string | null) {
  return negotiateMediaType(accept) || negotiateStream(accept) ? undefined : NOT_ACCEPTABLE;
}

const NOT_ACCEPTABLE = requestError(
  'NOT_ACCEPTABLE',
  406,
  'The accept header leaves no media type to answer in. Accept application/graphql-response+json or application/json.',
);

/**
 * Takes JSON only: forms and plain text are what any web page can send. @throws UNSUPPORTED_MEDIA_TYPE
 */
export function checkContentType(contentType: string | null, contentEncoding: string | null): void {
  const given = contentType ?? '';
  if (isJson(given) && (contentEncoding ?? 'identity') === 'identity') return;
  throw requestError(
    'UNSUPPORTED_MEDIA_TYPE',
    415,
    isJson(given)
      ? 'A compressed request body is not supported. Send it without content-encoding.'
      : `${given === '' ? 'The request has no content type' : `The content type ${JSON.stringify(given.slice(0, 60))} is not supported`}. Send the operation as JSON with the header "content-type: application/json".`,
  );
}
