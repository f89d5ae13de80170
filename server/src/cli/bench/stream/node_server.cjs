// Sends rows to everybody, `rate` a second for `seconds`, as a line on standard input says; answers with what was sent and when.
const { createServer } = require("node:http");
const { createInterface } = require("node:readline");
const { WebSocketServer } = require("ws");

const [before, after, hello] = process.argv.slice(1);
const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => socket.send(hello));
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port, seats: [["/", null]] }));
});
let id = 0;

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [rate, seconds] = line.split(" ").map(Number);
    const began = performance.now();
    const sent = [];
    const timer = setInterval(() => {
      const due = Math.min(rate * seconds, Math.floor(((performance.now() - began) * rate) / 1000));
      while (sent.length < due) {
        id += 1;
        const frame = `${before}${id}${after}`;
        sent.push(`[${id},${origin + process.hrtime.bigint()}]`);
        for (const socket of sockets.clients) socket.send(frame);
      }
      if (sent.length === rate * seconds) {
        clearInterval(timer);
        console.log(`[${sent.join(",")}]`);
      }
    }, 1);
  })
  .on("close", () => process.exit(0));
