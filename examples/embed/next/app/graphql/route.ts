import { gateway } from '../../../gateway.ts';

const handle = async (request: Request): Promise<Response> => gateway.fetch(request);

export { handle as GET, handle as OPTIONS, handle as POST };
