/** Reading A2A answers as clients meet them (0.3, 1.0 and older forms). Pure; shared by canvas and CLI. */
export * from './json.js';
export * from './stream.js';
export * from './text.js';
