/** Packs the product into the folder that is the argument, for all tests that install it. */
import { pack } from './packed.ts';

const [, , folder = ''] = process.argv;
const { code, stdout, stderr } = await pack(folder);
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
