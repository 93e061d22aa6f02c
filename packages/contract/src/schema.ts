import Type from 'typebox';

/** Any text form a UUID parser accepts is lower-cased by the server before it is used. */
export const Uuid = Type.String({ format: 'uuid' });
export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });
/** Free JSON that the server stores or forwards without looking inside. */
export const Json = Type.Unknown();
export const JsonObject = Type.Record(Type.String(), Type.Unknown());

export const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A string that fails when absent, null or empty: the contract's meaning of "required" (registry-a2a §0.1). */
export const Required = (options: Record<string, unknown> = {}) => Type.String({ minLength: 1, ...options });
