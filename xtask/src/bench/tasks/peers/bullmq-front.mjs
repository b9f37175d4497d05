// node bullmq-front.mjs REDIS_SOCKET [answer-ends]
import { Queue, QueueEvents } from 'bullmq';
import { serve } from './front.mjs';

const [, , path, answersEnds] = process.argv;
const queue = new Queue('noop', { connection: { path } });
await queue.waitUntilReady();

const STATUSES = { completed: 'FINISHED', failed: 'FAILED', active: 'RUNNING' };

async function endsTold() {
  const events = new QueueEvents('noop', { connection: { path } });
  await events.waitUntilReady();
  // Every job that is waited for listens to both.
  [queue, events].forEach((emitter) => emitter.setMaxListeners(0));
  return (job) => job.waitUntilFinished(events);
}

serve({
  submit: () => queue.add('noop', {}),
  ended: answersEnds && (await endsTold()),
  status: async (id) => STATUSES[await queue.getJobState(id)] ?? 'WAITING',
});
