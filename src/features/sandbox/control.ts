import { type createCallLog, hideQueryKey } from './calls.ts';
import { type createFaults, faultIn } from './faults.ts';
import { invalid, invalidEndpoint, type SandboxReply, success } from './handler.ts';

interface Controlled {
  calls: ReturnType<typeof createCallLog>;
  faults: ReturnType<typeof createFaults>;
  reset: () => void;
}

/** Whether a path belongs to the control API, which needs no key, is not recorded and uses no quota. */
export function isControl(path: string): boolean {
  return path.startsWith('/_sandbox/');
}

export function answerControl(
  method: string,
  path: string,
  body: unknown,
  { calls, faults, reset }: Controlled,
): SandboxReply {
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
    case 'POST /_sandbox/faults': {
      const fault = faults.isFull() ? 'too many faults are due: reset the sandbox' : faultIn(body);
      if (typeof fault === 'string') return invalid([{ field: 'fault', errors: [fault] }]);
      faults.add(fault);
      return success();
    }
    case 'POST /_sandbox/reset':
      reset();
      return success();
    default:
      return invalidEndpoint;
  }
}
