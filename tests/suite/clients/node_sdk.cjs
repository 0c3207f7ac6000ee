// Drives Twilio's official Node SDK against a mock and prints what happened as one line of JSON.
// Usage: node node_sdk.cjs <origin> <user> <password> <sid that answers 429>
"use strict";
const path = require("path");
const twilio = require(path.join(process.cwd(), "node_modules", "twilio"));
const [origin, user, password, throttled] = process.argv.slice(2);
const store = "mem_store_01k1etk2y5f1y9fpe2epfdtvv2";
const payload = (displayName) => ({
  displayName, description: "", conversationGroupingType: "GROUP_BY_PROFILE", memoryStoreId: store,
});
const uuid = () => require("crypto").randomUUID();

// The SDK's own request client, led to another origin and nothing else.
class Redirected extends twilio.RequestClient {
  request(options) {
    options.uri = options.uri.replace("https://conversations.twilio.com", origin);
    return super.request(options);
  }
}

const sdk = (options) => twilio(user, password, { accountSid: "AC" + "0".repeat(32), httpClient: new Redirected(options) });
const v2 = sdk({}).conversations.v2;

async function finish(statusUrl) {
  for (let tries = 0; tries < 100; tries++) {
    const operation = await v2.operations(statusUrl.split("/").pop()).fetch();
    if (operation.status !== "PENDING") return operation.status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the operation did not end");
}

async function main() {
  const sids = [];
  for (let number = 0; number < 3; number++) {
    const made = await v2.configurations.create(payload(`number ${number}`), { "Idempotency-Key": uuid() });
    await finish(made.statusUrl);
    sids.push(made.related.configurationId);
  }
  const said = { version: require(path.join(process.cwd(), "node_modules", "twilio", "package.json")).version };
  const changed = await v2.configurations(sids[0]).update(payload("renamed"), { "Idempotency-Key": uuid() });
  said.update = await finish(changed.statusUrl);
  said.fetched = (await v2.configurations(sids[0]).fetch()).displayName;
  said.listed = (await v2.configurations.list({ memoryStoreId: store, pageSize: 2 })).length;
  said.deletes = [];
  for (const sid of sids) {
    const accepted = await v2.configurations(sid).remove({ idempotencyKey: uuid() });
    said.deletes.push(await finish(accepted.statusUrl));
  }
  said.gone = await v2.configurations(sids[0]).fetch().catch((error) => error.code);
  const eager = sdk({ autoRetry: true, maxRetries: 2 }).conversations.v2;
  said.throttled = await eager.configurations(throttled).remove({ idempotencyKey: uuid() }).catch((error) => error.code);
  console.log(JSON.stringify(said));
}

main().catch((error) => { console.error(error); process.exit(1); });
