import { EDIT_PROJECT, EDIT_USER, MESSAGE, UPDATE } from '../clients/mutations.ts';
import type { TestGateway } from '../gateways/gateway.ts';
import { json, type Respond } from './recorder.ts';

/** Answers as a REST API that quotes what it is sent. */
export const quoteSentinels: Respond = ({ line, body }, response) => {
  if (!line.endsWith('/message'))
    json(response, { success: false, error: { code: 7, message: `sentinel-words ${body}` } });
  else if (body.includes('delivered'))
    json(response, { success: true, processed: true, response: 'sentinel-response' });
  else json(response, { success: true, processed: false, reason: 'sentinel-reason' });
};

/** Sends, with a usable key and another one, a `sentinel` wherever a request can have a key, an id, a source or a text. */
export async function sendSentinels({ execute }: TestGateway, filter: string): Promise<void> {
  for (const headers of [{ token: 'sentinel-key' }, { token: 'sentinel-key x' }]) {
    await execute<unknown, object>(filter, { key: 'sentinel-licence' }, headers);
    await execute(UPDATE, { input: { id: 'sentinel-id', source: 'sentinel-source' } }, headers);
    await execute('{ user(key: "sentinel-user") { note } }', {}, headers);
    await execute(EDIT_USER, { input: { key: 'sentinel-user', note: 'sentinel-note' } }, headers);
    const webhooks = { id: 'sentinel-id', executionWebhook: 'https://hooks.example.com/sentinel' };
    await execute(EDIT_PROJECT, { input: webhooks }, headers);
    for (const handler of ['sentinel-handler', 'delivered']) {
      const input = { id: 'sentinel-id', handler, data: { of: 'sentinel-data' } };
      await execute(MESSAGE, { input }, headers);
    }
    await execute('{ sentinel_field }', {}, headers);
  }
}
