// Delete a configuration through one HTTP client of Node, with care or without.
// Usage: node node_clients.mjs CLIENT USE ORIGIN USER PASSWORD SID; see python_clients.py, which does the same.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";

const [client, use, origin, user, password, throttled] = process.argv.slice(2);
const COLLECTION = "/v2/ControlPlane/Configurations";
const PAYLOAD = {
  displayName: "one", description: "", conversationGroupingType: "GROUP_BY_PROFILE",
  memoryStoreId: "mem_store_01k1etk2y5f1y9fpe2epfdtvv2",
};
const require = createRequire(path.join(process.cwd(), "package.json"));
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)));
  return module.default ?? module;
};
const fetched = async (response) => [response.status, Object.fromEntries(response.headers), await response.text()];

// Each gives a function of method, URL, headers and body; it gives status, headers and text.
const CLIENTS = {
  async fetch() {
    return async (method, url, headers, body) => fetched(await fetch(url, { method, headers, body }));
  },
  async "node-fetch"() {
    const send = await load("node-fetch");
    return async (method, url, headers, body) => fetched(await send(url, { method, headers, body }));
  },
  async ky() {  // retries a 429 itself, after its Retry-After
    const ky = await load("ky");
    const send = ky.create({ throwHttpErrors: false, retry: { limit: 1 } });
    return async (method, url, headers, body) => fetched(await send(url, { method, headers, body }));
  },
  async axios() {
    const axios = await load("axios");
    const send = axios.create({ validateStatus: () => true, proxy: false, responseType: "text", transformResponse: (text) => text });
    return async (method, url, headers, data) => {
      const got = await send.request({ method, url, headers, data });
      return [got.status, got.headers, got.data];
    };
  },
  async got() {  // retries a 429 itself, after its Retry-After
    const { got } = await import(pathToFileURL(require.resolve("got")));
    const send = got.extend({ throwHttpErrors: false, retry: { limit: 1 } });
    return async (method, url, headers, body) => {
      const response = await send(url, { method, headers, body });
      return [response.statusCode, response.headers, response.body];
    };
  },
  async undici() {  // retries a 429 itself, after its Retry-After
    const { Agent, RetryAgent, request, interceptors } = await load("undici");
    const agent = new RetryAgent(new Agent(), { maxRetries: 1, throwOnError: false });
    const dispatcher = interceptors.decompress ? agent.compose(interceptors.decompress()) : agent;
    return async (method, url, headers, body) => {
      const got = await request(url, { method, headers, body, dispatcher });
      return [got.statusCode, got.headers, await got.body.text()];
    };
  },
  async superagent() {
    const superagent = await load("superagent");
    return async (method, url, headers, body) => {
      const got = await superagent(method, url).set(headers).ok(() => true).buffer(true)
        .parse(superagent.parse.text).send(body);
      return [got.status, got.headers, got.text];
    };
  },
  async "superagent-retry"() {  // sends a 429'd request again at once
    const superagent = await load("superagent");
    return async (method, url, headers, body) => {
      const got = await superagent(method, url).set(headers).retry(1).buffer(true)
        .parse(superagent.parse.text).send(body).catch((error) => error.response);
      return [got.status, got.headers, got.text];
    };
  },
  async http() {
    return (method, url, headers, body) => new Promise((resolve, reject) => {
      const sent = http.request(url, { method, headers: { "Accept-Encoding": "gzip, deflate", ...headers } }, (got) => {
        const pieces = [];
        got.on("data", (piece) => pieces.push(piece));
        got.on("end", () => {
          const coding = got.headers["content-encoding"];
          const whole = Buffer.concat(pieces);
          const plain = coding && whole.length ? zlib.unzipSync(whole) : whole;
          resolve([got.statusCode, got.headers, plain.toString()]);
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  },
};
const RETRYING = ["ky", "got", "undici", "superagent-retry"];

const send = await CLIENTS[client]();
const authorization = "Basic " + Buffer.from(`${user}:${password}`).toString("base64");
async function call(method, target, { key, payload } = {}) {
  const headers = { authorization };
  if (key) headers["idempotency-key"] = key;
  if (payload) headers["content-type"] = "application/json";
  const url = target.startsWith("http") ? target : origin + target;
  const [status, got, text] = await send(method, url, headers, payload && JSON.stringify(payload));
  return { status, headers: got, body: text ? JSON.parse(text) : null };
}
const create = async () => {
  const made = await call("POST", COLLECTION, { key: randomUUID(), payload: PAYLOAD });
  return `${COLLECTION}/${made.body.related.configurationId}`;
};

async function careful() {
  const [target, key, other] = [await create(), randomUUID(), randomUUID()];
  const accepted = await call("DELETE", target, { key });
  const statuses = [(await call("DELETE", `${COLLECTION}/${throttled}`, { key: other })).status];
  await sleep(1000 * Number(accepted.headers["retry-after"]));
  if (!RETRYING.includes(client)) {
    statuses.push((await call("DELETE", `${COLLECTION}/${throttled}`, { key: other })).status);
  }
  const ended = (await call("GET", accepted.body.statusUrl)).body.status;
  return { 429: statuses, ended, head: (await call("HEAD", target)).status };
}

async function careless() {
  const accepted = await call("DELETE", await create());
  const ended = (await call("GET", accepted.body.statusUrl)).body.status;
  for (let times = 0; times < 2; times++) await call("DELETE", `${COLLECTION}/${throttled}`, { key: randomUUID() });
  return { ended };
}

console.log(JSON.stringify(await (use === "careful" ? careful() : careless())));
