import { describe, expect, it } from 'vitest';
import { createLogOutput, MAX_WAITING_BYTES } from '../../src/server/log-output.ts';
import { eventually } from '../support/vitest/waiting.ts';

/** A file to write lines to, with as much room as a test gives it. */
function openSink() {
  const sink = {
    text: '',
    room: Number.POSITIVE_INFINITY,
    /** The system's code when there is no room. */
    code: 'EAGAIN',
    writes: 0,
    write(bytes: Uint8Array): number {
      sink.writes++;
      const taken = Math.min(bytes.length, sink.room);
      if (taken === 0) throw Object.assign(new Error(sink.code), { code: sink.code });
      sink.text += Buffer.from(bytes.subarray(0, taken)).toString('latin1').replace(FILLING, '');
      sink.room -= taken;
      return taken;
    },
  };
  return sink;
}

const FILLING = /^ +/;

/** With `left`, so many bytes are left for lines. */
function open({ left = 0 } = {}) {
  const sink = openSink();
  const losses: number[] = [];
  const output = createLogOutput({
    write: sink.write,
    onLoss: (lines) => {
      losses.push(lines);
      output.write(`${lines} lost\n`);
    },
  });
  if (left > 0) output.write(' '.repeat(MAX_WAITING_BYTES - left));
  return { sink, losses, output };
}

describe('the output of a log', () => {
  it('writes the lines of a turn of the event loop together at its end', async () => {
    const { sink, output } = open();
    for (const line of ['a\n', 'b\n', 'c\n']) output.write(line);
    expect(sink.writes).toBe(0);
    await eventually(() => expect(sink.text).toBe('a\nb\nc\n'));
    expect(sink.writes).toBe(1);
  });

  it.each(['EAGAIN', 'ENOSPC', 'EPIPE'])('goes on in the middle of a line after %s', async (code) => {
    const { sink, output } = open();
    Object.assign(sink, { code, room: 7 });
    output.write('first\n');
    output.write('second\n');
    await eventually(() => expect(sink.writes).toBeGreaterThan(2));
    expect(sink.text).toBe('first\ns');
    output.write('third\n');
    sink.room = Number.POSITIVE_INFINITY;
    await eventually(() => expect(sink.text).toBe('first\nsecond\nthird\n'));
    expect(output.lost).toBe(0);
  });

  it('keeps no more than its limit, counts what is lost, and tells of it once lines are written again', async () => {
    const { sink, losses, output } = open({ left: 7 });
    sink.room = 0;
    for (const line of ['1\n', '2\n', '3\n', '4\n', '5\n']) output.write(line);
    expect([output.lost, losses]).toEqual([2, []]);
    await eventually(() => expect(sink.writes).toBeGreaterThan(1));
    expect(losses).toEqual([]);
    sink.room = Number.POSITIVE_INFINITY;
    await eventually(() => expect(sink.text).toBe('1\n2\n3\n2 lost\n'));
    output.write('6\n');
    await eventually(() => expect(sink.text).toBe('1\n2\n3\n2 lost\n6\n'));
    expect([output.lost, losses]).toEqual([2, [2]]);
  });

  it('counts bytes, not letters', () => {
    const { output, sink } = open({ left: 6 });
    sink.room = 0;
    output.write('ää\n');
    output.write('b\n');
    expect(output.lost).toBe(1);
  });

  it('never throws, whatever the system says', async () => {
    const { output, sink } = open({ left: 20 });
    Object.assign(sink, { room: 0, code: 'EIO' });
    for (let line = 0; line < 100; line++) output.write('x\n');
    await eventually(() => expect(sink.writes).toBeGreaterThan(1));
    output.drain(60_000);
    expect(output.lost).toBe(90);
  });
});

describe('the end of a process', () => {
  it('writes the waiting lines, and how many are lost', () => {
    const { output, sink } = open({ left: 14 });
    for (const line of ['line 1\n', 'line 2\n', 'line 3\n']) output.write(line);
    output.drain(60_000);
    expect(sink.text).toBe('line 1\nline 2\n1 lost\n');
  });

  it('waits for a slow reader, and only for a limited time for a reader that has stopped', () => {
    const { output, sink } = open();
    output.write('slow\n');
    let refusals = 0;
    const { write } = sink;
    const slow = createLogOutput({
      write: (bytes) => {
        if (refusals++ < 3) throw Object.assign(new Error(), { code: 'EAGAIN' });
        return write(bytes);
      },
      onLoss: () => undefined,
    });
    slow.write('taken\n');
    slow.drain(60_000);
    expect(sink.text).toBe('taken\n');
    sink.room = 0;
    output.drain(20);
    expect(sink.text).toBe('taken\n');
  });

  it('does not wait for a disk that is full', () => {
    const { output, sink } = open();
    Object.assign(sink, { room: 0, code: 'ENOSPC' });
    output.write('x\n');
    output.drain(Number.POSITIVE_INFINITY);
    expect(sink.writes).toBe(1);
  });
});
