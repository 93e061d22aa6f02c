export { type Cipher, createCipher, SecretUnreadableError } from './cipher.js';
export { SecretsKeyError } from './key-check.js';
export { KeyRotationError, type Rotation, rotateKey } from './key-rotation.js';
export { createSecretHandlers } from './secrets.routes.js';
export { createSecrets, type Secrets } from './secrets.service.js';
