import { listen } from '../listen.ts';
import { createShop } from './shop.ts';

const { url } = await listen(createShop(), 4002);
console.log(`shop  ${url}`);
