/** The part of the gateway's schema that is measured, for the peers that are given a schema as text. */
export const typeDefs = `
  type Query { script(id: ID!): Script }
  type Script {
    id: ID!
    name: String!
    enabled: Boolean!
    totalExecutions: Int!
    sessions(first: Int = 50): SessionConnection!
  }
  type SessionConnection { nodes: [Session!]! }
  type Session { id: ID!, robloxId: ID!, script: Script! }
`;
