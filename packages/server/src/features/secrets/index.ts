export { type Cipher, createCipher } from './cipher.js';
export { createSecretHandlers } from './secrets.routes.js';
export { createSecrets, type Secrets, SecretsKeyError } from './secrets.service.js';
