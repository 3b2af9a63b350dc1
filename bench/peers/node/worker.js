// One worker: a gRPC server with a pool of its own.

import { promisify } from 'node:util';

import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { createPool } from './database.js';
import { postService } from './posts.js';
import { transferService } from './transfers.js';
import { userService } from './users.js';

/** Serves, and answers at which port. */
export async function serve({ includeDirs, databaseUrl, listen, poolSize }) {
  const files = ['user', 'post', 'transfer'].map((name) => `byline/v1/${name}_service.proto`);
  const definition = loadSync(files, {
    includeDirs,
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { UserService, PostService, TransferService } =
    grpc.loadPackageDefinition(definition).byline.v1;

  const pool = createPool(databaseUrl, poolSize);
  // A database that cannot be reached is to end the start and not each call.
  await pool.query('select');
  const server = new grpc.Server();
  server.addService(UserService.service, userService(pool));
  server.addService(PostService.service, postService(pool));
  server.addService(TransferService.service, transferService(pool));
  return promisify(server.bindAsync).call(
    server,
    listen,
    grpc.ServerCredentials.createInsecure(),
  );
}
