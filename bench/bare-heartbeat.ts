import { routes } from '@molecule/contract';
import { fastify } from 'fastify';
import { Compile } from 'typebox/compile';

/**
 * The least that a heartbeat route can be: it validates the same body and answers. What the product's route manages of
 * its requests per second is the price of tokens, liveness, status and durability.
 */
const validator = Compile(routes.heartbeat.body);
const app = fastify();
app.post(routes.heartbeat.path, async (request, reply) => {
  if (validator.Check(request.body)) return { status: 'ok' };
  return reply.code(400).send({ error: 'invalid request body' });
});
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));
