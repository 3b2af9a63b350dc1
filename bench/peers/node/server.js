// A part of Byline's contract by grpc-js and pg: starts the workers and ends them.

import cluster from 'node:cluster';
import os from 'node:os';
import { parseArgs } from 'node:util';

import { serve } from './worker.js';

const { values: options } = parseArgs({
  options: {
    include: { type: 'string', multiple: true },
    'database-url': { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:0' },
    workers: { type: 'string', default: String(os.availableParallelism()) },
    'pool-size': { type: 'string', default: '16' },
  },
});
for (const name of ['include', 'database-url']) {
  if (options[name] === undefined) throw new Error(`--${name} is missing`);
}
const workers = Number(options.workers);

if (cluster.isPrimary) {
  lead();
} else {
  const port = await serve({
    includeDirs: options.include,
    databaseUrl: options['database-url'],
    listen: options.listen,
    poolSize: Math.max(1, Math.floor(Number(options['pool-size']) / workers)),
  });
  // A worker does not outlive its parent, however that ends.
  process.on('disconnect', () => process.exit());
  process.send({ port });
}

/** Waits until all workers serve, and ends all of them when one ends. */
function lead() {
  let ready = 0;
  cluster.on('message', (_, { port }) => {
    ready += 1;
    if (ready === workers) {
      console.log(`listening on ${options.listen.replace(/:\d+$/, '')}:${port}`);
    }
  });
  const end = (code) => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
    process.exit(code);
  };
  cluster.on('exit', () => end(1));
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  for (let n = 0; n < workers; n += 1) cluster.fork();
}
