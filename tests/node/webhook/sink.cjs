// A municipality's webhook as somebody else would write it, with the npm package `cloudevents`.
//
// Says {"port": N}, then for each POST one line: the event as it was understood, with its time in seconds.
"use strict";

const { createServer } = require("node:http");
const { HTTP } = require("cloudevents");

// The package leaves the percent-encoding of the binding (3.1.3.2) to whoever receives.
function decoded(headers) {
  const decode = ([name, value]) => [name, name.startsWith("ce-") ? decodeURIComponent(value) : value];
  return Object.fromEntries(Object.entries(headers).map(decode));
}

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const event = HTTP.toEvent({ headers: decoded(request.headers), body: Buffer.concat(chunks).toString("utf8") });
    event.validate();
    say({ event: { ...event.toJSON(), time: Date.parse(event.time) / 1000 } });
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
