import type { FastifyInstance } from 'fastify';
import { isTooDeep } from '../json-depth.js';

/**
 * Bodies are JSON whatever their Content-Type says: clients of the predecessor send curl's default form type. A cookie
 * never authorises a cross-site write (design §9), so a "simple" content type opens no door.
 */
export function acceptAnyJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  // Named as well as matched by the star: a named type is found by its text, the star only after parsing the header.
  app.addContentTypeParser(['application/json', '*'], { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text.trim() === '') return done(null, undefined);
    if (isTooDeep(text)) return done(Object.assign(new Error('the body is nested too deeply'), { statusCode: 400 }));
    if (!request.spec?.bodyLenient) return parse(request, text, done);
    return parse(request, text, (error, value) => done(null, error === null ? value : undefined));
  });
}
