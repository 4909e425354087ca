import { createGateway, createTransport } from 'luaauth-graphql';

const transport = createTransport({ url: process.env.LUAAUTH_API_URL ?? 'https://api.luaauth.com' });
const gateway = createGateway({ transport, path: '/api/graphql' });

const handle = async (request: Request): Promise<Response> => gateway.fetch(request);

export { handle as GET, handle as OPTIONS, handle as POST };
