import { answerPlainly } from './plain-api.ts';
import { startRecorder } from './recorder.ts';

/** A recorder in a process of its own: one that shares a busy process notes arrivals late. It tells by IPC. */
const { url, calls } = await startRecorder(answerPlainly);
process.on('message', () => process.send?.(calls.map(({ line, at }) => ({ line, at }))));
process.on('disconnect', () => process.exit(0));
process.send?.(url);
