/** A GraphiQL tab: a document that runs as it is, with its variables and request headers, both as JSON text. */
export interface Tab {
  readonly query: string;
  readonly variables: string;
  readonly headers: string;
}

/** What the tabs ask for, and as whom: values that exist in the sandbox, or placeholders to be replaced. */
export interface TabSubject {
  readonly scriptId: string;
  readonly placeId: string;
  /** The request headers with the visitor's credential. */
  readonly headers: Readonly<Record<string, string>>;
  /** Leaves the mutation out. */
  readonly readOnly?: boolean;
}

/** The tabs of a new visitor: a read, a nested list, a filter and a mutation. */
export function createTabs({ scriptId, placeId, headers, readOnly = false }: TabSubject): Tab[] {
  const tab = (query: string, variables?: object): Tab => ({
    query,
    variables: variables ? toJson(variables) : '',
    headers: toJson(headers),
  });
  return [
    // GraphiQL shows the variables of the first tab only after one has left it, so this one has none.
    tab(`${welcome(headers)}\n${read(scriptId)}`),
    tab(NESTED, { id: scriptId, first: 5 }),
    tab(FILTERED, { id: scriptId, filter: { placeId } }),
    ...(readOnly ? [] : [tab(EDIT, { input: { id: scriptId, kickOutdated: true } })]),
  ];
}

/** In lines that half of a small window shows whole: at most 48 characters, as in the other comments here. */
function welcome(headers: TabSubject['headers']): string {
  return [
    '# Welcome. Run this: the button, or Ctrl-Enter.',
    ...keyNote(headers),
    '# Each answer ends with its cost in REST calls:',
    '# the header "x-upstream: report" asks for that,',
    '# and "x-upstream: plan" asks in advance.',
    '',
  ].join('\n');
}

function keyNote({ token, authorization }: TabSubject['headers']): string[] {
  if (authorization !== undefined) return ['# Put a key of this gateway into Headers below.'];
  if (token === undefined) return ['# This gateway holds its own LuaAuth key.'];
  return token.startsWith('<')
    ? ['# Put your LuaAuth API key into Headers below', '# (a reload forgets it), and a script id here.']
    : ['# This is the sandbox: made-up data, nothing', '# reaches LuaAuth. Its key is in Headers below.'];
}

const read = (scriptId: string) => `query Script {
  script(id: ${JSON.stringify(scriptId)}) {
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

const NESTED = `# Who is connected right now. For the next page,
# add endCursor to the variables as "after".
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

const FILTERED = `# Who plays in one place: only the sessions that
# match all of the filter.
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

const EDIT = `# The script is read again, as it is selected.
# What LuaAuth refuses is a type of its own.
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
