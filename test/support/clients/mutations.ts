import type { TadaDocumentNode } from 'gql.tada';
import { parse } from 'graphql';

type Answer<Field extends string> = { readonly [name in Field]: Result };
type Result = { readonly __typename: string; readonly [field: string]: unknown };

/** A mutation that shows its refusal, if there is one, and of a success what is given. */
function mutation<Field extends string>(field: Field, success = '') {
  const type = `${field[0]?.toUpperCase()}${field.slice(1)}Input`;
  const document = parse(`mutation ${field}($input: ${type}!) {
    ${field}(input: $input) {
      __typename
      ${success}
      ... on Refusal { message }
      ... on InvalidFields { fields { path messages } }
      ... on NotPermitted { reasons }
      ... on UnknownRefusal { code }
    }
  }`);
  // The schema gives every mutation this shape; tests compare the other fields as a whole.
  return document as TadaDocumentNode<Answer<Field>, { readonly input: object }>;
}

export const EDIT = mutation('editScript');
export const UPDATE = mutation('updateScript');
export const TOGGLE = mutation('toggleScript');
export const DELETE = mutation('deleteScript', '... on DeleteScriptSuccess { deletedScriptId }');
export const DISCONNECT = mutation(
  'disconnectSession',
  '... on DisconnectSessionSuccess { disconnectedSessionId }',
);
export const DISCONNECT_MANY = mutation(
  'disconnectSessions',
  '... on DisconnectSessionsSuccess { disconnectedSessionIds }',
);
export const MESSAGE = mutation(
  'messageSession',
  '... on MessageDelivered { response } ... on MessageNotDelivered { reason detail }',
);
export const EDIT_PROJECT = mutation('editProject');
export const DELETE_PROJECT = mutation('deleteProject', '... on DeleteProjectSuccess { deletedProjectId }');
export const EDIT_USER = mutation('editUser');
export const BLACKLIST = mutation('blacklistUser');
export const UNBLACKLIST = mutation('unblacklistUser');
export const CREATE_AD_SYSTEM = mutation('createAdSystem', '... on CreateAdSystemSuccess { adSystemId }');
export const EDIT_AD_SYSTEM = mutation(
  'editAdSystem',
  '... on EditAdSystemSuccess { adSystem { name allowExtending } }',
);
