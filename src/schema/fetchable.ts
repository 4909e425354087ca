import { DirectiveLocation, GraphQLDirective, GraphQLNonNull, GraphQLString } from 'graphql';

/** Tells Relay's compiler that `fetch__Type(id: …)` reads an object: `@refetchable` needs this because ids are not global. */
export const fetchable = new GraphQLDirective({
  name: 'fetchable',
  description:
    'For the Relay compiler: reads an object of type T again through the query field `fetch__T`, by the value of the named field. Ids of scripts and sessions look alike. So `node(id:)` could tell them apart only by reading both.',
  locations: [DirectiveLocation.OBJECT],
  args: {
    field_name: {
      type: new GraphQLNonNull(GraphQLString),
      description: 'The field that holds the key.',
    },
  },
});
