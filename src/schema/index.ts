import './scalars.ts';
import './script.ts';
import './execution.ts';
import './session-connection.ts';
import './refetch.ts';
import './rate-limit.ts';
import './edit-script.ts';
import './update-script.ts';
import './toggle-script.ts';
import './delete-script.ts';
import './disconnect-session.ts';
import './disconnect-sessions.ts';
import './message-session.ts';

export { createSchema } from './create.ts';
