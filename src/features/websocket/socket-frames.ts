import { GrowingBuffer } from '../../transport/body.ts';

/** A smaller chunk in the data of a frame is combined with its neighbours. */
const SMALL_BYTES = 1024;
/** Combined chunks are passed on at this size. */
const PIECE_BYTES = 16 * 1024;
/** The most small chunks and frames of a message. */
export const MAX_PARTS = 4096;
/** The approximate memory of Node.js and `ws` for each chunk and frame, besides its bytes. */
const PART_BYTES = 256;
const LONGEST_HEAD_BYTES = 14;
/** The first opcode of control frames, which may come between the frames of a message. */
const FIRST_CONTROL = 8;

/**
 * Reads the heads of a client's WebSocket frames (RFC 6455, section 5.2) before `ws`. Bounds the memory of an unfinished
 * message: `ws` stores an object for each chunk, even for one byte.
 */
export class SocketFrames {
  /** The approximate memory of the unfinished message; 0 if there is none. */
  weight = 0;
  readonly #pass: (bytes: Buffer) => void;
  #parts = 0;
  #combined = new GrowingBuffer();
  readonly #head = Buffer.alloc(LONGEST_HEAD_BYTES);
  #headBytes = 0;
  /** The missing bytes of the current frame's data. */
  #missing = 0;
  #isControl = false;
  #isLast = false;

  /** `pass` receives all bytes in order and hands them to `ws`. */
  constructor(pass: (bytes: Buffer) => void) {
    this.#pass = pass;
  }

  get hasTooManyParts(): boolean {
    return this.#parts > MAX_PARTS;
  }

  add(chunk: Buffer): void {
    const isSmall = chunk.length < SMALL_BYTES;
    if (isSmall && chunk.length < this.#missing) {
      this.#take(chunk.length);
      this.#combined.append(chunk);
      if (this.#combined.size >= PIECE_BYTES) this.#flush();
    } else {
      this.#read(chunk);
      this.#flush();
      this.#pass(chunk);
    }
    if (this.weight === 0) return;
    this.weight += PART_BYTES;
    if (isSmall) this.#parts += 1;
  }

  #flush(): void {
    if (this.#combined.size === 0) return;
    this.#pass(this.#combined.bytes());
    this.#combined = new GrowingBuffer();
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, chunk.length - at);
        at += taken;
        this.#take(taken);
      } else {
        this.#head[this.#headBytes] = chunk[at] as number;
        this.#headBytes += 1;
        at += 1;
        if (this.#headBytes < 2 || this.#headBytes < headLength(this.#head)) continue;
        this.#beginFrame();
      }
      if (this.#missing === 0) this.#endFrame();
    }
  }

  #beginFrame(): void {
    const [first = 0] = this.#head;
    this.#isLast = first >= 0x80;
    this.#isControl = (first & 0x0f) >= FIRST_CONTROL;
    this.#missing = dataLength(this.#head);
    if (!this.#isControl) {
      this.weight += this.#headBytes + PART_BYTES;
      this.#parts += 1;
    }
    this.#headBytes = 0;
  }

  #take(bytes: number): void {
    this.#missing -= bytes;
    if (!this.#isControl) this.weight += bytes;
  }

  #endFrame(): void {
    if (this.#isControl || !this.#isLast) return;
    this.weight = 0;
    this.#parts = 0;
  }
}

function headLength(head: Buffer): number {
  const [, second = 0] = head;
  const maskBytes = second >= 0x80 ? 4 : 0;
  return 2 + (LENGTH_BYTES[second & 0x7f] ?? 0) + maskBytes;
}

/** The number of length bytes after the second byte, by the second byte's value. */
const LENGTH_BYTES: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

function dataLength(head: Buffer): number {
  const length = (head[1] as number) & 0x7f;
  if (length === 126) return head.readUInt16BE(2);
  return length === 127 ? Number(head.readBigUInt64BE(2)) : length;
}
