import { needs } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { Script } from './script.ts';
import { lookAhead } from './selection.ts';
import { Session } from './session.ts';

builder.queryFields((t) => ({
  fetch__Script: t.field({
    type: Script,
    nullable: true,
    description:
      'The same as `script`, under the name by which the Relay compiler finds it for `@refetchable` fragments on Script. Costs one REST call.',
    extensions: { ...needs('scripts:read'), ...costs('GET /scripts/:script_id') },
    args: { id: t.arg.id({ required: true, description: 'The id of the script, as in `Script.id`.' }) },
    resolve: (_root, { id }, _context, info) => {
      lookAhead(info, 'Script')(checkId('id', id));
      return id;
    },
  }),
  fetch__Session: t.field({
    type: Session,
    nullable: true,
    description:
      'The same as `session`, under the name by which the Relay compiler finds it for `@refetchable` fragments on Session. Costs one REST call.',
    extensions: { ...needs('sessions:read'), ...costs('GET /sessions/:session_id') },
    args: { id: t.arg.id({ required: true, description: 'The id of the session, as in `Session.id`.' }) },
    resolve: (_root, { id }, _context, info) => {
      lookAhead(info, 'Session')(checkId('id', id));
      return id;
    },
  }),
}));
