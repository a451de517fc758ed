// npm's samlp as a SAML identity provider, with one sign-in page: a button for each user, and Cancel.
//
// Reads its configuration as one line of JSON from stdin, prints one line of JSON when it listens, and ends
// when stdin does, so that it never outlives the test that started it.

import { createPublicKey, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import express from 'express';
import samlp from 'samlp';
import SessionParticipants from 'samlp/lib/sessionParticipants/index.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const configuration = JSON.parse((await lines.next()).value);
const users = new Map(Object.entries(configuration.users));
const providers = new Map(configuration.service_providers.map((each) => [each.entity_id, each]));
const sessions = new Map();
const asked = new Map();
const COOKIE = 'samlp';
const BINDINGS = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
};
const CIPHERS = {
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'aes128-cbc': 'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
};
let base;

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

function signInPage(id) {
  const buttons = [...users.keys()].map(
    (user) => `<button name="login" value="${escape(user)}">Sign in as ${escape(user)}</button>`,
  );
  return `<!doctype html><html lang="en"><title>Test provider</title><h1>Test provider</h1>
<form method="post" action="/interaction/${id}">${buttons.join('\n')}
<button name="login" value="">Cancel</button></form></html>`;
}

class Refused extends Error {}

function known(entityId) {
  const provider = providers.get(entityId);
  if (!provider) throw new Refused(`no service provider ${entityId}`);
  return provider;
}

// What a user is to the library: the key is the NameID, the rest are attributes under their own names.
function profileMapper(user) {
  return {
    getClaims: () => users.get(user),
    getNameIdentifier: () => ({ nameIdentifier: user }),
  };
}
profileMapper.prototype.metadata = [];

function parsed(request, options) {
  return new Promise((resolve, reject) => {
    samlp.parseRequest(request, options, (error, data) => (error ? reject(error) : resolve(data)));
  });
}

function signing(provider) {
  return {
    issuer: `${base}/metadata`,
    key: configuration.key,
    cert: configuration.certificate,
    signatureAlgorithm: `rsa-${provider.signature_algorithm}`,
    digestAlgorithm: provider.signature_algorithm,
    signAssertion: provider.sign !== 'response',
    signResponse: provider.sign !== 'assertion',
    destination: provider.acs_url,
  };
}

// The options are for one answer only: the library writes into them.
function answerOptions(login) {
  const { provider, id, relayState } = login;
  const encryption = {
    encryptionCert: provider.certificate_pem,
    encryptionPublicKey: createPublicKey(provider.certificate_pem).export({ type: 'spki', format: 'pem' }),
    encryptionAlgorithm: CIPHERS[provider.cipher],
    disallowEncryptionWithInsecureAlgorithm: false,
    warnOnInsecureEncryptionAlgorithm: false,
  };
  return {
    ...signing(provider),
    ...(provider.encrypt ? encryption : {}),
    profileMapper,
    audience: provider.entity_id,
    recipient: provider.acs_url,
    inResponseTo: id,
    nameIdentifierFormat: provider.nameid_format,
    lifetimeInSeconds: 300,
    RelayState: relayState,
  };
}

function postPage(response, provider, token, relayState) {
  const relay = relayState ? `<input type="hidden" name="RelayState" value="${escape(relayState)}">` : '';
  response.type('html').send(`<!doctype html><html lang="en"><title>Working...</title>
<form method="post" action="${escape(provider.acs_url)}">
<input type="hidden" name="SAMLResponse" value="${token}">${relay}<button>Continue</button></form>
<script>document.forms[0].submit();</script></html>`);
}

function answer(request, response, login, next) {
  const { provider } = login;
  const sessionIndex = `_${randomUUID()}`;
  request.session.participants = request.session.participants.filter(
    (each) => each.serviceProviderId !== provider.entity_id,
  );
  request.session.participants.push({
    serviceProviderId: provider.entity_id,
    sessionIndex,
    nameId: request.session.user,
    nameIdFormat: provider.nameid_format,
    serviceProviderLogoutURL: provider.slo_url,
    binding: BINDINGS[provider.slo_binding],
    cert: provider.certificate_pem,
  });
  const options = { ...answerOptions(login), sessionIndex };
  samlp.getSamlResponse(options, request.session.user, (error, xml) => {
    if (error) next(error);
    else postPage(response, provider, Buffer.from(xml).toString('base64'), login.relayState);
  });
}

function answerOrAsk(request, response, login, next) {
  if (request.session.user && !login.force) {
    answer(request, response, login, next);
    return;
  }
  const id = randomUUID();
  asked.set(id, login);
  response.type('html').send(signInPage(id));
}

function loadSession(request, response, next) {
  const cookie = (request.headers.cookie ?? '').match(new RegExp(`(?:^|; )${COOKIE}=([^;]*)`))?.[1];
  request.session = sessions.get(cookie) ?? newSession(response);
  request.body ??= {};
  next();
}

function newSession(response) {
  const id = randomUUID();
  const session = { participants: [] };
  sessions.set(id, session);
  response.setHeader('Set-Cookie', `${COOKIE}=${id}; Path=/; HttpOnly; Secure; SameSite=None`);
  return session;
}

async function singleSignOn(request, response, next) {
  const provider = known((await parsed(request, {})).issuer);
  const data = await parsed(request, { signingCert: provider.certificate_pem });
  if ((data.assertionConsumerServiceURL ?? provider.acs_url) !== provider.acs_url) {
    throw new Refused(`not the registered consumer: ${data.assertionConsumerServiceURL}`);
  }
  if (data.destination !== `${base}/sso`) throw new Refused(`not for this address: ${data.destination}`);
  const relayState = (request.method === 'POST' ? request.body : request.query).RelayState;
  answerOrAsk(request, response, { provider, id: data.id, relayState, force: data.forceAuthn === 'true' }, next);
}

function signedIn(request, response, next) {
  const login = asked.get(request.params.id);
  if (!asked.delete(request.params.id)) throw new Refused('no such sign-in');
  const user = request.body.login;
  if (users.has(user)) {
    if (request.session.user !== user) request.session.participants = [];
    request.session.user = user;
    answer(request, response, login, next);
    return;
  }
  samlp.sendError({
    ...answerOptions(login),
    RelayState: login.relayState ?? '',
    error: { description: 'the person said no' },
    getPostURL: (_, done) => done(null, login.provider.acs_url),
  })(request, response, next);
}

function singleLogout(request, response, next) {
  const { session } = request;
  samlp.logout({
    issuer: `${base}/metadata`,
    key: configuration.key,
    cert: configuration.certificate,
    deflate: true,
    protocolBinding: BINDINGS.redirect,
    sessionParticipants: new SessionParticipants(session.participants),
    clearIdPSession(done) {
      session.user = undefined;
      done();
    },
  })(request, response, next);
}

const app = express();
app.use(express.urlencoded({ extended: false, limit: '1mb' }), loadSession);
app.get('/metadata', (request, response, next) =>
  samlp.metadata({
    issuer: `${base}/metadata`,
    cert: configuration.certificate,
    profileMapper,
    redirectEndpointPath: '/sso',
    postEndpointPath: '/sso',
    logoutEndpointPaths: { redirect: '/slo', post: '/slo' },
  })(request, response, next),
);
app.all('/sso', singleSignOn);
app.get('/unsolicited', (request, response, next) =>
  answerOrAsk(
    request,
    response,
    { provider: known(request.query.sp), relayState: request.query.RelayState },
    next,
  ),
);
app.post('/interaction/:id', signedIn);
app.all('/slo', singleLogout);
app.use((error, request, response, next) => {
  response.status(400).type('text').send(`${error.name}: ${error.message}`);
});

const server = app.listen(configuration.port, configuration.address, () => {
  const { port } = server.address();
  base = `http://${configuration.address}:${port}`;
  console.log(JSON.stringify({ port }));
});

await lines.next();
process.exit(0);
