import { createServer } from 'node:http';
import { gateway } from './gateway.ts';

const server = createServer(gateway);

server.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => console.log(server.address()));
