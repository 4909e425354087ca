import express from 'express';
import { gateway } from '../gateway.ts';

const app = express();

// All content types, as some do. A test says which parser its request meets.
const anything = { type: '*/*' };
const parsers = {
  json: express.json(anything),
  text: express.text(anything),
  raw: express.raw(anything),
  lost: express.json(anything),
};
app.use((request, response, next) => {
  const name = request.get('x-parser') as keyof typeof parsers;
  parsers[name](request, response, () => {
    if (name === 'lost') request.body = undefined;
    next();
  });
});
app.all('/graphql', gateway);

const server = app.listen(0, '127.0.0.1', () => console.log(server.address()));
