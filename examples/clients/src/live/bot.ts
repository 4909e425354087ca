import { createUrql } from '../urql.ts';
import { announce } from './announce.ts';
import { openByUrql } from './urql.ts';
import { createWebhook } from './webhook.ts';

const { GATEWAY_URL, LUAAUTH_TOKEN = '', SCRIPT_ID = '', WEBHOOK_URL = '' } = process.env;
if (!LUAAUTH_TOKEN || !SCRIPT_ID) throw new Error('Set LUAAUTH_TOKEN and SCRIPT_ID: see README.md.');
// The address is a secret, so the message does not quote what is wrong with it.
if (!URL.canParse(WEBHOOK_URL)) throw new Error('Set WEBHOOK_URL to the address of a webhook.');

const log = (text: string) => console.log(`${new Date().toISOString()} ${text}`);
const client = createUrql(GATEWAY_URL || 'http://127.0.0.1:4000/graphql', LUAAUTH_TOKEN);
announce(openByUrql(client), SCRIPT_ID, {
  say: createWebhook(WEBHOOK_URL, log),
  onRefused({ message }) {
    log(message);
    process.exitCode = 1;
  },
});
