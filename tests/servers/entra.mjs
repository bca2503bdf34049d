// Stands in for Entra's token endpoint (login.microsoftonline.com): gives tokens that Azurite takes, and
// refuses as Entra does. The OAuth side is oauth2-mock-server's; this adds what is Entra's own.
//
//   POST https://127.0.0.1:PORT/TENANT/oauth2/v2.0/token
//     grant_type=client_credentials & client_id & scope=https://storage.azure.com/.default
//     & client_secret  or  client_assertion (a JWT signed by the key of CLIENT_CERT, RS256, PS256 or ES256)
//
// All settings come by environment variables, see servers.py.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { OAuth2Server } from 'oauth2-mock-server';

const { PORT, CERT, KEY, TENANT, CLIENT, SHORT_LIVED_CLIENT, SECRET, CLIENT_CERT } = process.env;
const tokenPath = `/${TENANT}/oauth2/v2.0/token`;
const clientKey = new crypto.X509Certificate(fs.readFileSync(CLIENT_CERT)).publicKey;
const secondsNow = () => Math.floor(Date.now() / 1000);
const lifetimeSeconds = (body) => (body.client_id === SHORT_LIVED_CLIENT ? 2 : 3600);

const server = new OAuth2Server(KEY, CERT, { endpoints: { token: tokenPath } });

function assertionIsGood(assertion) {
  const [head, payload, signature] = assertion.split('.');
  const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  const key = { key: clientKey };
  switch (decode(head).alg) {
    case 'PS256':
      Object.assign(key, { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
      break;
    case 'ES256': key.dsaEncoding = 'ieee-p1363'; break;
    case 'RS256': break;
    default: return false;
  }
  const claims = decode(payload);
  return crypto.verify('sha256', `${head}.${payload}`, key, Buffer.from(signature, 'base64url'))
    && claims.aud === server.issuer.url + tokenPath && claims.exp > secondsNow();
}

// What Entra would answer: [status, OAuth error, number and text], or nothing where the request is good.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
function refusal(body) {
  if (![CLIENT, SHORT_LIVED_CLIENT].includes(body.client_id)) {
    return [400, 'unauthorized_client', 700016, `Application '${body.client_id}' was not found.`];
  }
  if (!String(body.scope ?? '').endsWith('/.default')) {
    return [400, 'invalid_scope', 70011, "The provided value for the input parameter 'scope' is not valid."];
  }
  if (body.client_assertion) {
    let good = false;
    try { good = assertionIsGood(body.client_assertion); } catch { /* not a JWT at all */ }
    return good ? undefined
      : [401, 'invalid_client', 700027, 'The client assertion failed signature validation.'];
  }
  return body.client_secret === SECRET ? undefined
    : [401, 'invalid_client', 7000215, 'Invalid client secret provided.'];
}

// Azurite wants nbf, exp and iat, an issuer of Entra's v1 form and one audience; it does not check the
// signature.
server.service.on('beforeTokenSigning', (token, request) => {
  const now = secondsNow();
  const audience = String(request.body.scope ?? '').replace(/\/\.default$/, '');
  Object.assign(token.payload, {
    iss: `https://sts.windows.net/${TENANT}/`, aud: audience, appid: request.body.client_id, tid: TENANT,
    iat: now, nbf: now, exp: now + lifetimeSeconds(request.body),
  });
  delete token.payload.scope;
});

server.service.on('beforeResponse', (response, request) => {
  const refused = refusal(request.body);
  if (!refused) {
    const seconds = lifetimeSeconds(request.body);
    response.body = { token_type: 'Bearer', expires_in: seconds, ext_expires_in: seconds,
      access_token: response.body.access_token };
    return;
  }
  const [status, error, code, text] = refused;
  response.statusCode = status;
  response.body = { error, error_description: `AADSTS${code}: ${text}`, error_codes: [code],
    timestamp: new Date().toISOString(), trace_id: crypto.randomUUID(), correlation_id: crypto.randomUUID() };
});

await server.issuer.keys.generate('RS256');
await server.start(Number(PORT), '127.0.0.1');
