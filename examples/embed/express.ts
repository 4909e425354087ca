import express from 'express';
import { gateway } from './gateway.ts';

const app = express();

// Before express.json(), so that the gateway reads the body itself. Below /graphql are documents by their ids.
app.all('/graphql{/*document}', gateway);

const server = app.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => console.log(server.address()));
