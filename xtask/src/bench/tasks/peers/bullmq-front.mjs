// node bullmq-front.mjs REDIS_SOCKET
import { Queue } from 'bullmq';
import { serve } from './front.mjs';

const queue = new Queue('noop', { connection: { path: process.argv[2] } });
await queue.waitUntilReady();

const STATUSES = { completed: 'FINISHED', failed: 'FAILED', active: 'RUNNING' };

serve({
  submit: async () => (await queue.add('noop', {})).id,
  status: async (id) => STATUSES[await queue.getJobState(id)] ?? 'WAITING',
});
