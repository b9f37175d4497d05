// node front.mjs POSTGRES_SOCKET_FOLDER
// POST /noop.json submits a job, GET /tasks/ID.json returns its status.
import http from 'node:http';
import { makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';

const pgPool = new pg.Pool({ host: process.argv[2], user: 'postgres', database: 'postgres', max: 32 });
const utils = await makeWorkerUtils({ pgPool });
await utils.migrate();

// graphile-worker deletes a finished job; its absence is the only sign that it has finished.
const QUERY = {
  name: 'status',
  text: 'select (locked_at is not null) as running, last_error from graphile_worker._private_jobs where id = $1',
};

async function status(id) {
  const { rows } = await pgPool.query({ ...QUERY, values: [id] });
  if (rows.length === 0) return 'FINISHED';
  if (rows[0].last_error !== null) return 'FAILED';
  return rows[0].running ? 'RUNNING' : 'WAITING';
}

function respond(response, code, document) {
  const body = JSON.stringify(document);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function handle(request, response) {
  if (request.method === 'POST') {
    const job = await utils.addJob('noop', {});
    return respond(response, 200, { task: { id: job.id, status: 'WAITING' } });
  }
  const id = request.url.slice('/tasks/'.length, -'.json'.length);
  respond(response, 200, { task: { id, status: await status(id) } });
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => respond(response, 500, { error: String(error) }));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
