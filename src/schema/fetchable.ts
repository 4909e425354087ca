import { DirectiveLocation, GraphQLDirective, GraphQLNonNull, GraphQLString } from 'graphql';

/** Says of a type that `fetch__Type(id: …)` reads one: what Relay's `@refetchable` needs where ids are not global. */
export const fetchable = new GraphQLDirective({
  name: 'fetchable',
  description:
    'For the Relay compiler: an object of the type T is read again through the query field `fetch__T`, by the value of the field that is named here. Ids of scripts and sessions look alike, so there is no `node(id:)` that could tell them apart without asking for both.',
  locations: [DirectiveLocation.OBJECT],
  args: {
    field_name: {
      type: new GraphQLNonNull(GraphQLString),
      description: 'The field that holds what to ask for.',
    },
  },
});
