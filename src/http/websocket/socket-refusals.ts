import { codedError, requestError } from '../../errors/coded-error.ts';

/** Operations of a connection at a time. */
export const MAX_OPERATIONS = 20;

export const TOO_MANY = codedError(
  'TOO_MANY_OPERATIONS',
  `This connection runs ${MAX_OPERATIONS} operations already, which is all that it may at a time. Complete one, or open another connection.`,
  { limit: MAX_OPERATIONS },
);

export const OVERLOADED = requestError(
  'OVERLOADED',
  503,
  'The gateway has no room for this operation next to others. Nothing was carried out: send it again in a moment.',
);

export const LEAVING = requestError(
  'SHUTTING_DOWN',
  503,
  'The gateway is shutting down and has not begun this operation. Send it again on a new connection.',
  {},
  { outcome: 'NOT_EXECUTED' },
);
