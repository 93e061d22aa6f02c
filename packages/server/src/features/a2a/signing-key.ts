import { createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { type AgentCard, generateAgentCardSignature } from '@a2a-js/sdk';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';

/** With which this server proves that a notification or a card is from it. */
export interface SigningKey {
  /** The public half, as receivers fetch it. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
  /** The card with a signature over its canonical form (RFC 8785), the same every time. */
  signCard(card: AgentCard, issuer: string): Promise<AgentCard>;
  /** A token that binds sender, receiver, task and body; good for five minutes. */
  sign(notice: {
    readonly issuer: string;
    readonly audience: string;
    readonly taskId: string;
    readonly body: string;
    readonly id: string;
    readonly at: Date;
  }): Promise<string>;
}

const GOOD_FOR_SECONDS = 300;
// The fixed beginning of an Ed25519 private key in PKCS #8 (RFC 8410); the 32 bytes of the seed follow.
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Derived from the secrets key, which all replicas share: whichever delivers, the published key fits. */
export function createSigningKey(secretsKey: string): SigningKey {
  const seed = Buffer.from(hkdfSync('sha256', secretsKey, '', 'molecule a2a notifications', 32));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const published = async (): Promise<JWK & { kid: string }> => {
    const jwk = await exportJWK(createPublicKey(key));
    return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' };
  };
  return {
    async signCard(card, issuer) {
      const { kid } = await published();
      return generateAgentCardSignature(key, { alg: 'EdDSA', typ: 'JOSE', kid, jku: toJwksUrl(issuer) })(card);
    },
    jwks: async () => ({ keys: [await published()] }),
    async sign({ issuer, audience, taskId, body, id, at }) {
      const seconds = Math.floor(at.getTime() / 1_000);
      const bodyHash = createHash('sha256').update(body).digest('base64url');
      return new SignJWT({ body_sha256: bodyHash })
        .setProtectedHeader({
          alg: 'EdDSA',
          typ: 'JWT',
          kid: (await published()).kid,
          jku: toJwksUrl(issuer),
        })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(taskId)
        .setJti(id)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + GOOD_FOR_SECONDS)
        .sign(key);
    },
  };
}

function toJwksUrl(issuer: string): string {
  return `${issuer}/.well-known/jwks.json`;
}
