import { graphql } from './graphql.ts';

/** One REST call. */
export const SCRIPT = graphql(`
  query ReadScript($id: ID!) {
    script(id: $id) {
      id
      name
    }
  }
`);

/** One REST call for each distinct id. */
export const SCRIPTS = graphql(`
  query ReadScripts($ids: [ID!]!) {
    scripts(ids: $ids) {
      id
      name
    }
  }
`);

/** Four REST calls: every read that there is of a script. */
export const WHOLE_SCRIPT = graphql(`
  query ReadWholeScript($id: ID!) {
    script(id: $id) {
      name
      executions {
        date
        count
      }
      sessions(first: 2) {
        nodes {
          id
          jobId
        }
      }
      filtered: sessions(first: 2, filter: { placeId: "606849621" }) {
        nodes {
          id
          jobId
        }
      }
    }
  }
`);
