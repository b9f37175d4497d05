// node bullmq-worker.mjs REDIS_SOCKET
import { Worker } from 'bullmq';

const worker = new Worker('noop', async () => null, { connection: { path: process.argv[2] }, concurrency: 64 });
await worker.waitUntilReady();
console.log('listening on http://nowhere');
