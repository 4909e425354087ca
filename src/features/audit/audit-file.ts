import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { auditLine } from '../../observability/facts.ts';
import { createRedactedStream } from '../../observability/redacted-stream.ts';
import type { RequestRecord, WriteFacts } from '../../observability/request-record.ts';
import { StartError } from '../../observability/start-error.ts';
import type { AuditFile } from '../../server/features.ts';

const OWNER_AND_GROUP = 0o640;
const LINE_END = 0x0a;

/** The system has a line before its write is answered, so a crash loses no line of an answered write. @throws StartError */
export function openAuditFile(path: string, secrets: readonly string[] = []): AuditFile {
  let file = open(path);
  // The system may have written only a part of a line, for example on a full disk.
  let isTorn = isTornAt(path);
  const append = (line: string) => {
    let rest = Buffer.from(isTorn ? `\n${line}` : line);
    while (rest.length > 0) {
      rest = rest.subarray(writeSync(file, rest));
      isTorn = rest.length > 0;
    }
  };
  const stream = createRedactedStream({ write: append }, secrets);
  return {
    observer: {
      wrote(record: RequestRecord, write: WriteFacts) {
        const line = { time: new Date().toISOString(), ...auditLine(record, write) };
        stream.write(`${JSON.stringify(line)}\n`);
      },
    },
    hide: stream.hide,
    reopen() {
      const next = open(path);
      closeSync(file);
      file = next;
      isTorn = isTornAt(path);
    },
    close: () => closeSync(file),
  };
}

/** Whether the last line is incomplete because an earlier write failed. */
function isTornAt(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const last = Buffer.alloc(1);
    const { size } = fstatSync(file);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== LINE_END;
  } catch {
    // A process with only append permission cannot read the file.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Opens the file as a start would, but makes none: a new one would belong to the user who runs the check. @throws StartError */
export async function checkAuditFile(path: string): Promise<void> {
  if (existsSync(path)) return closeSync(open(path));
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/** Opens only a regular file, because a pipe could block the gateway. */
function open(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, OWNER_AND_GROUP);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new StartError(`AUDIT_LOG_FILE: ${JSON.stringify(path)} is a pipe or a device, not a regular file.`);
}

function cannotWrite(path: string, cause: unknown): StartError {
  const { code } = cause as NodeJS.ErrnoException;
  return new StartError(
    `AUDIT_LOG_FILE: ${JSON.stringify(path)} cannot be written (${code}). Give the path of a writable file.`,
    { cause },
  );
}
