// The certified OpenID provider of npm, with one sign-in page: a button for each user, and Cancel.
//
// Reads its configuration as one line of JSON from stdin, prints one line of JSON when it listens, and ends
// when stdin does, so that it never outlives the test that started it.

import { createServer, request as send } from 'node:http';
import { createInterface } from 'node:readline';
import Provider, { interactionPolicy } from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const configuration = JSON.parse((await lines.next()).value);
const users = new Map(Object.entries(configuration.users));
const claims = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  profile: ['name', 'preferred_username', 'groups'],
};
const scopes = [...Object.keys(claims), 'offline_access'];

const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

function signInPage(uid) {
  const buttons = [...users.keys()].map(
    (user) => `<button name="login" value="${escape(user)}">Sign in as ${escape(user)}</button>`,
  );
  return `<!doctype html><html lang="en"><title>Test provider</title><h1>Test provider</h1>
<form method="post" action="/interaction/${uid}">${buttons.join('\n')}
<button name="login" value="">Cancel</button></form></html>`;
}

async function formOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

async function interact(request, response) {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(signInPage(uid));
    return;
  }
  const accountId = (await formOf(request)).get('login');
  const result = accountId
    ? { login: { accountId }, select_account: {}, consent: {} }
    : { error: 'access_denied', error_description: 'the person said no' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

// The provider's own fetch refuses loopback, which is all that there is here, and knows no *.localhost.
function fetchOnLoopback(url, { method, headers, body }) {
  const lookup = (host, { all }, done) =>
    all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { method, headers: Object.fromEntries(new Headers(headers)), lookup }, (answer) => {
      answer.resume();
      resolve(new Response(null, { status: answer.statusCode }));
    });
    outgoing.on('error', reject);
    outgoing.end(body?.toString());
  });
}

async function grantEverything(ctx) {
  const { client, session, provider: owner } = ctx.oidc;
  const grant = new owner.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(scopes.join(' '));
  await grant.save();
  return grant;
}

let provider;
const server = createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    provider.callback()(request, response);
    return;
  }
  interact(request, response).catch((error) => {
    response.statusCode = 400;
    response.end(`${error.name}: ${error.message}`);
  });
});

server.listen(configuration.port, configuration.address, () => {
  const issuer = `http://${configuration.address}:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: configuration.clients,
    jwks: { keys: configuration.keys },
    claims,
    scopes,
    conformIdTokenClaims: !configuration.id_token_claims,
    cookies: { keys: [configuration.cookie_key] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    fetch: fetchOnLoopback,
    interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    issueRefreshToken: (ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && (!configuration.offline_only || code.scopes.has('offline_access')),
    rotateRefreshToken: true,
    loadExistingGrant: grantEverything,
    async findAccount(ctx, sub) {
      const account = users.get(sub);
      return account && { accountId: sub, claims: () => ({ sub, ...account }) };
    },
  });
  console.log(JSON.stringify({ issuer }));
});

await lines.next();
process.exit(0);
