/** Operations as JSON bodies, made before the clock starts. */

const READ = 'query Read($id: ID!) { script(id: $id) { id name enabled } }';
const READ_ALL = 'query ReadAll($ids: [ID!]!) { scripts(ids: $ids) { id name } }';
const RENAME = `mutation Rename($input: EditScriptInput!) {
  editScript(input: $input) { __typename ... on Refusal { message } }
}`;

export function readBody(id: string): string {
  return JSON.stringify({ query: READ, variables: { id } });
}

export function readAllBody(ids: readonly string[]): string {
  return JSON.stringify({ query: READ_ALL, variables: { ids } });
}

export function renameBody(id: string, name: string): string {
  return JSON.stringify({ query: RENAME, variables: { input: { id, name } } });
}
