// A wire between a browser and the panel that can be cut. What a browser's own means intercept depends on who asks, the page or
// its service worker; a connection that is refused is refused to both.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Opens a wire to an origin on this machine. */
export async function wire(to) {
  const { hostname, port } = new URL(to);
  const sockets = new Set();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket) && other.destroy());
      // What matters of an error is the end.
      socket.on('error', () => {});
      socket.pipe(other);
    }
  });
  server.listen(0, hostname);
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://${hostname}:${server.address().port}`,
    cut,
    mend: () => (isCut = false),
    close: () => {
      cut();
      server.close();
    },
  };
}
