// A TCP proxy between browser and server, so that a test can cut lines, refuse them and slow them down.
import net from 'node:net';

export class Proxy {
    #server;
    #sockets = new Set();
    /** Nobody gets through while this is true. */
    refuses = false;
    /** Bytes per second from the browser; 0: as fast as it goes. */
    bytes_per_second = 0;

    static async start(port) {
        const proxy = new Proxy(port);
        await new Promise((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve); });
        proxy.origin = `http://127.0.0.1:${proxy.#server.address().port}`;
        return proxy;
    }

    constructor(port) {
        this.#server = net.createServer((near) => {
            if (this.refuses) {
                near.destroy();
                return;
            }
            const far = net.connect(port, '127.0.0.1');
            this.#sockets.add(near).add(far);
            near.on('data', (bytes) => this.#forward(near, far, bytes));
            near.on('end', () => far.end());
            far.pipe(near);
            for (const [socket, other] of [[near, far], [far, near]]) {
                socket.on('error', () => {});
                socket.on('close', () => {
                    this.#sockets.delete(socket);
                    other.destroy();
                });
            }
        });
    }

    #forward(near, far, bytes) {
        far.write(bytes);
        if (this.bytes_per_second > 0) {
            near.pause();
            setTimeout(() => near.resume(), (bytes.length / this.bytes_per_second) * 1000);
        }
    }

    cut() { this.#sockets.forEach((socket) => socket.destroy()); }

    async stop() {
        this.cut();
        await new Promise((resolve) => { this.#server.close(resolve); });
    }
}
