/** Exits with 0 if the gateway in this container is ready, and with 1 otherwise. */
import { get } from 'node:https';

const { PORT = '8000', TLS_CERT_FILE } = process.env;
const finish = (status) => process.exit(status === 200 ? 0 : 1);

if (TLS_CERT_FILE) {
  // The certificate names the host that clients use, not this address.
  get(`https://127.0.0.1:${PORT}/readyz`, { rejectUnauthorized: false }, ({ statusCode }) => finish(statusCode)).on(
    'error',
    () => finish(),
  );
} else {
  fetch(`http://127.0.0.1:${PORT}/readyz`).then(
    ({ status }) => finish(status),
    () => finish(),
  );
}
