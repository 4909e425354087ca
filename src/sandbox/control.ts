import type { createCallLog } from './calls.ts';
import { hideQueryKey } from './hidden-key.ts';
import { invalidEndpoint, type SandboxReply, success } from './reply.ts';

/** The parts that the control surface works on. */
export interface Controlled {
  calls: ReturnType<typeof createCallLog>;
  reset: () => void;
}

/** Answers below `/_sandbox/`, which needs no key, is not recorded and costs no quota; else undefined. */
export function answerControl(
  method: string,
  path: string,
  { calls, reset }: Controlled,
): SandboxReply | undefined {
  if (!path.startsWith('/_sandbox/')) return undefined;
  switch (`${method} ${path}`) {
    case 'GET /_sandbox/calls':
      return success({
        total: calls.total(),
        calls: calls.list.map(({ text: _text, headers: { token: _token, ...headers }, path, ...call }) => ({
          ...call,
          path: hideQueryKey(path),
          headers,
        })),
      });
    case 'POST /_sandbox/reset':
      reset();
      return success();
    default:
      return invalidEndpoint;
  }
}
