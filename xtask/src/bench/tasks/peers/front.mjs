// The web face that the peers share: POST /noop.json submits, GET /tasks/ID.json tells the status. With "ended" a submit is answered
// when the task has ended.
import http from 'node:http';

export function serve({ submit, ended, status }) {
  const answer = (response, code, document) => {
    const body = JSON.stringify(document);
    response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
  const handle = async (request, response) => {
    if (request.method === 'POST') {
      const job = await submit();
      if (ended) {
        await ended(job);
        return answer(response, 200, { task: { id: job.id, status: 'FINISHED' } });
      }
      return answer(response, 200, { task: { id: job.id, status: 'WAITING' } });
    }
    const id = request.url.slice('/tasks/'.length, -'.json'.length);
    answer(response, 200, { task: { id, status: await status(id) } });
  };
  const server = http.createServer((request, response) => {
    handle(request, response).catch((error) => answer(response, 500, { error: String(error) }));
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
}
