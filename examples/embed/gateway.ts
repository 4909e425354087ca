import { createGateway, createTransport } from 'luaauth-graphql';

const { LUAAUTH_API_URL = 'https://api.luaauth.com' } = process.env;

export const gateway = createGateway({ transport: createTransport({ url: LUAAUTH_API_URL }) });
