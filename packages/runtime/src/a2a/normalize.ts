/**
 * Older clients of the platform send parts as `{type:"text"}` and leave out `role`; both are forwarded unchanged to the
 * agent (contract registry-a2a §8.5) and are brought into 0.3 form here. Anything else is left for the codec to judge.
 */
export function normalizeLegacyRequest(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const params = request.params;
  if (!isRecord(params) || !isRecord(params.message)) return { ...request };
  const message = params.message;
  const parts: unknown = Array.isArray(message.parts) ? message.parts.map(normalizePart) : message.parts;
  return { ...request, params: { ...params, message: { role: 'user', ...message, parts } } };
}

function normalizePart(part: unknown): unknown {
  if (!isRecord(part) || part.kind !== undefined) return part;
  return { ...part, kind: part.type };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
