// node graphile-front.mjs POSTGRES_SOCKET_FOLDER
import { makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { serve } from './front.mjs';

const pgPool = new pg.Pool({ host: process.argv[2], user: 'postgres', database: 'postgres', max: 32 });
const utils = await makeWorkerUtils({ pgPool });
await utils.migrate();

// A job that is done is deleted; nothing else says that it is.
const QUERY = {
  name: 'status',
  text: 'select (locked_at is not null) as running, last_error from graphile_worker._private_jobs where id = $1',
};

serve({
  submit: () => utils.addJob('noop', {}),
  status: async (id) => {
    const { rows } = await pgPool.query({ ...QUERY, values: [id] });
    if (rows.length === 0) return 'FINISHED';
    if (rows[0].last_error !== null) return 'FAILED';
    return rows[0].running ? 'RUNNING' : 'WAITING';
  },
});
