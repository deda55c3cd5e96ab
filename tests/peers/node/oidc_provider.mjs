// An OpenID provider made of panva's oidc-provider: `node oidc_provider.mjs ISSUER REDIRECT PORT [CERTIFICATE KEY]`.
//
// Its users are those of ACCOUNTS; each logs in with the same password by a form. Each client is of one way to prove who
// it is and one way to sign. It listens on 127.0.0.1 and says "ready" once it does.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import Provider from "oidc-provider";

const [issuer, redirect, port, certificate, key] = process.argv.slice(2);
const PASSWORD = "a word of the directory";
const ACCOUNTS = {
  anna: { preferred_username: "anna@example.org", groups: ["CCTV Operators", "Everybody"] },
  bert: { preferred_username: "bert@example.org", groups: ["Everybody"] },
};

function jwk(kid, alg, kind, options) {
  const { privateKey } = crypto.generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

function client(name, alg, method) {
  const secret = method === "none" ? {} : { client_secret: "the secret: of 100 % of clients" };
  return {
    client_id: `healthmon ${name}`,
    ...secret,
    redirect_uris: [redirect],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: alg,
  };
}

const provider = new Provider(issuer, {
  clients: [
    client("basic", "RS256", "client_secret_basic"),
    client("post", "PS256", "client_secret_post"),
    client("public", "ES256", "none"),
  ],
  jwks: {
    keys: [
      jwk("rs", "RS256", "rsa", { modulusLength: 2048 }),
      jwk("ps", "PS256", "rsa", { modulusLength: 2048 }),
      jwk("es", "ES256", "ec", { namedCurve: "P-256" }),
    ],
  },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256"] },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
  conformIdTokenClaims: false,
  cookies: { keys: [crypto.randomBytes(16).toString("hex")] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_context, id) =>
    ACCOUNTS[id] && { accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) },
});

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

function page(answer, words) {
  answer.setHeader("Content-Type", "text/html; charset=utf-8");
  answer.end(
    `<!doctype html><html lang="en"><title>Directory</title><p>${words}</p><form method="post">` +
      '<label>User <input name="user"></label><label>Password <input name="word" type="password"></label>' +
      "<button>Go</button></form></html>",
  );
}

async function interaction(request, answer) {
  const { params } = await provider.interactionDetails(request, answer);
  if (request.method !== "POST") return page(answer, "Who are you?");
  const form = await body(request);
  const accountId = form.get("user");
  if (!ACCOUNTS[accountId] || form.get("word") !== PASSWORD) return page(answer, "No.");
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile");
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, answer, result, { mergeWithLastSubmission: false });
}

function serve(request, answer) {
  if (!request.url.startsWith("/interaction/")) return provider.callback()(request, answer);
  return interaction(request, answer).catch((error) => {
    answer.statusCode = 400;
    answer.end(String(error));
  });
}

const server = certificate
  ? https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, serve)
  : http.createServer(serve);
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
