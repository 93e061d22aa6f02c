import Type from 'typebox';
import { route } from '../route.js';

export const downloadRoutes = {
  downloadMoleculeMcp: route({
    method: 'GET',
    path: '/dl/molecule-mcp.tgz',
    summary: 'The program molecule-mcp as an npm package: npx -y -p <this address> molecule-mcp',
    access: 'open',
    // npx sends no header of ours; the program is the same for every tenant.
    tenantOpen: true,
    rate: 'default',
    responses: { 200: Type.String({ format: 'binary' }) },
    errors: ['download_not_built'],
    stream: 'file',
    source: 'design §13',
  }),
} as const;
