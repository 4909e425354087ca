/** The part of the gateway's schema that is measured, for the peers that are given a schema as text. */
export const typeDefs = `
  type Query { script(id: ID!): Script }
  type Script {
    id: ID!
    name: String!
    enabled: Boolean!
    totalExecutions: Int!
    freeForAll: Boolean!
    useHeartbeat: Boolean!
    kickOutdated: Boolean!
    requireSessions: Boolean!
    totalSessions: Int!
    totalInstances: Int!
    sessions(first: Int = 50, filter: SessionFilter): SessionConnection!
  }
  input SessionFilter { jobId: ID! }
  type SessionConnection { nodes: [Session!]! }
  type Session { id: ID!, robloxId: ID!, script: Script! }
`;
