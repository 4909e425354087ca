/** A GraphiQL tab: a document that runs as it is, with its variables and request headers. */
export interface Tab {
  readonly query: string;
  readonly variables: string;
  readonly headers: string;
}

/** What the tabs ask for: ids that exist in the sandbox, or placeholders to be replaced. */
export interface TabSubject {
  readonly key: string;
  readonly scriptId: string;
  readonly placeId: string;
}

/** The tabs of a new visitor: a read, a nested list, a filter and a mutation. */
export function createTabs({ key, scriptId, placeId }: TabSubject): Tab[] {
  const headers = toJson({ token: key });
  return [
    { query: READ, variables: toJson({ id: scriptId }), headers },
    { query: NESTED, variables: toJson({ id: scriptId, first: 5 }), headers },
    { query: FILTERED, variables: toJson({ id: scriptId, filter: { placeId } }), headers },
    { query: EDIT, variables: toJson({ input: { id: scriptId, kickOutdated: true } }), headers },
  ];
}

const READ = `# One script. Costs one REST call.
query Script($id: ID!) {
  script(id: $id) {
    name
    enabled
    freeForAll
    totalExecutions
    project {
      id
    }
  }
}
`;

const NESTED = `# Who is connected right now, page by page: put endCursor into "after".
query ConnectedUsers($id: ID!, $first: Int, $after: String) {
  script(id: $id) {
    name
    executions {
      date
      count
    }
    sessions(first: $first, after: $after) {
      nodes {
        id
        robloxId
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const FILTERED = `# Only the sessions that match all of the filter.
query UsersInPlace($id: ID!, $filter: SessionFilter) {
  script(id: $id) {
    sessions(filter: $filter) {
      nodes {
        userKey
        robloxId
        placeId
        jobId
      }
    }
  }
}
`;

const EDIT = `# A success re-reads the script only because it is selected. What LuaAuth refuses is a type of its own.
mutation EditScript($input: EditScriptInput!) {
  editScript(input: $input) {
    __typename
    ... on EditScriptSuccess {
      script {
        name
        kickOutdated
      }
    }
    ... on InvalidFields {
      fields {
        path
        messages
      }
    }
    ... on Refusal {
      message
    }
  }
}
`;

function toJson(value: object): string {
  return JSON.stringify(value, null, 2);
}
