/** The signature of a webhook's request, in the scheme of Stripe's webhooks. Pure. */
import { createHmac } from 'node:crypto';

export const signatureHeader = 'Framegate-Signature';

/**
 * `t=TIME,v1=HMAC`: HMAC-SHA256 over `TIME.BODY` in lowercase hex. The time makes a recorded request worthless after a while.
 * @param unixMs when the request is sent; a retry has a new one.
 */
export function signatureOf(secret: string, body: string, unixMs: number): string {
  const seconds = Math.floor(unixMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
