import { hash } from 'node:crypto';

/** An id is a hash, with or without its method, or another name that needs no encoding in URLs. */
const DOCUMENT_ID = /^[\w.~:-]{1,256}$/;
export const DOCUMENT_ID_FORM =
  '1 to 256 letters, digits and - . _ ~ :, such as sha256:<64 hexadecimal digits>';

export function isDocumentId(text: string): boolean {
  return DOCUMENT_ID.test(text);
}

/** SHA-256 of a document's UTF-8 bytes, in lower-case hexadecimal digits, as all clients write it. */
export function hashOf(document: string): string {
  return hash('sha256', document, 'hex');
}
