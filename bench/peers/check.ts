import { isDeepStrictEqual } from 'node:util';
import { type BenchRequest, type Case, KEY } from './cases.ts';
import type { Deviation } from './subjects.ts';

/** A subject that answers at this address, and how its answers may deviate. */
export interface Target {
  readonly url: string;
  readonly deviation?: Deviation | undefined;
}

/** A subject that is fast and wrong is not fast. */
export class WrongAnswer extends Error {
  override name = 'WrongAnswer' as const;
}

/** Compares the answers to the first `count` requests of a case. @throws WrongAnswer that shows the first wrong one. */
export async function checkAnswers(target: Target, { title, requests }: Case, count: number): Promise<void> {
  for (const request of requests.slice(0, count)) await checkAnswer(target, title, request);
}

/** Goes on comparing answers, four a second, until told to stop: what the load gets is not looked at one by one. */
export function keepChecking(target: Target, { title, requests }: Case): () => Promise<void> {
  let isOver = false;
  const checking = (async () => {
    for (let index = 0; !isOver; index = (index + 1) % requests.length) {
      await checkAnswer(target, title, requests[index] as BenchRequest);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  // Seen when the load is over; until then it is no unhandled rejection.
  checking.catch(() => {});
  return () => {
    isOver = true;
    return checking;
  };
}

export async function isRight(target: Target, request: BenchRequest): Promise<boolean> {
  const { status, json } = await ask(target, request);
  return status === 200 && isDeepStrictEqual(json, rightAnswer(target, request));
}

async function checkAnswer(target: Target, title: string, request: BenchRequest): Promise<void> {
  const { status, json } = await ask(target, request);
  const right = rightAnswer(target, request);
  if (status === 200 && isDeepStrictEqual(json, right)) return;
  throw new WrongAnswer(`${title}: HTTP ${status} ${abridge(json)} where ${abridge(right)} is right.`);
}

function rightAnswer({ deviation }: Target, { answer }: BenchRequest): object {
  return deviation ? deviation.instead(answer) : answer;
}

async function ask({ url }: Target, { body }: BenchRequest): Promise<{ status: number; json: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token: KEY },
    body,
  });
  return { status: response.status, json: await response.json() };
}

function abridge(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}
