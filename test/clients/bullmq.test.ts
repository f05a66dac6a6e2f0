/** BullMQ, whose queues live in some sixty scripts: all of them compile, and queues do what they do on Redis. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type ConnectionOptions, FlowProducer, type Job, Queue, QueueEvents, Worker, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

const NAME = 'mail';
const SCRIPTS = path.join(path.dirname(createRequire(import.meta.url).resolve('bullmq')), 'scripts');

describe('BullMQ', () => {
  let server: ServerHandle;
  let connection: ConnectionOptions;
  let queue: Queue;
  const opened: { close(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    server = await startServer();
    connection = { host: server.host, port: server.port };
    queue = keep(new Queue(NAME, { connection }));
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
    await server.close();
  });

  function keep<T extends { close(): Promise<unknown> }>(each: T): T {
    opened.push(each);
    return each;
  }

  function work(process: (job: Job) => Promise<unknown>, options: Partial<WorkerOptions> = {}, name = NAME): Worker {
    return keep(new Worker(name, process, { connection, drainDelay: 1, ...options }));
  }

  it('has scripts that all compile', async () => {
    const redis = new Redis({ host: server.host, port: server.port });
    const require = createRequire(import.meta.url);
    const files = readdirSync(SCRIPTS).filter((file) => /-\d+\.js$/.test(file));
    expect(files.length).toBeGreaterThan(45);
    try {
      for (const file of files) {
        const [script] = Object.values(require(path.join(SCRIPTS, file)) as Record<string, { content: string }>);
        expect(await redis.script('LOAD', script!.content), file).toMatch(/^[0-9a-f]{40}$/);
      }
    } finally {
      redis.disconnect();
    }
  });

  it('hands jobs to workers, each to one, in their order', async () => {
    const done: number[] = [];
    work(async ({ data }) => done.push(data.n));
    await queue.addBulk(Array.from({ length: 60 }, (_, n) => ({ name: 'send', data: { n } })));
    await eventually(async () => (await queue.getCompletedCount()) === 60, {
      what: 'all are done',
      timeoutMs: 20_000,
    });
    expect(done).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(await queue.getJobCounts('waiting', 'active', 'failed')).toEqual({ waiting: 0, active: 0, failed: 0 });
  });

  it('shares jobs among workers', async () => {
    const done: string[] = [];
    const worker = async (job: Job): Promise<void> => void done.push(job.id!);
    for (let each = 0; each < 3; each++) work(worker, { concurrency: 5 });
    const jobs = await queue.addBulk(Array.from({ length: 100 }, () => ({ name: 'send', data: {} })));
    await eventually(() => done.length >= 100, { what: 'all are done', timeoutMs: 20_000 });
    expect(done.toSorted()).toEqual(jobs.map(({ id }) => id!).toSorted());
  });

  it('returns what a job gives, and tells of it in events', async () => {
    const events = keep(new QueueEvents(NAME, { connection }));
    await events.waitUntilReady();
    work(async ({ data }) => ({ sum: data.a + data.b }));
    const job = await queue.add('add', { a: 1, b: 2 });
    expect(await job.waitUntilFinished(events, 10_000)).toEqual({ sum: 3 });
  });

  it('holds delayed jobs back', async () => {
    const startMs = Date.now();
    let doneMs = 0;
    await queue.add('later', {}, { delay: 300 });
    // While there is no worker, nobody looks at it.
    expect(await queue.getDelayedCount()).toBe(1);
    work(async () => (doneMs = Date.now()));
    await eventually(() => doneMs > 0, { what: 'it is done' });
    expect(doneMs - startMs).toBeGreaterThanOrEqual(295);
  });

  it('tries again what fails, and gives up in the end', async () => {
    let attempts = 0;
    work(async ({ name }) => {
      attempts++;
      if (name === 'hopeless' || attempts < 3) throw new Error('not yet');
      return 'at last';
    });
    const backoff = { type: 'fixed', delay: 20 } as const;
    const job = await queue.add('patient', {}, { attempts: 5, backoff });
    await eventually(async () => (await job.getState()) === 'completed', { what: 'it succeeds', timeoutMs: 10_000 });
    expect(attempts).toBe(3);
    const hopeless = await queue.add('hopeless', {}, { attempts: 2, backoff });
    await eventually(async () => (await hopeless.getState()) === 'failed', { what: 'it fails', timeoutMs: 10_000 });
    const failed = await queue.getFailed();
    expect(failed.map(({ failedReason, attemptsMade }) => [failedReason, attemptsMade])).toEqual([['not yet', 2]]);
  });

  it('serves by priority', async () => {
    const done: number[] = [];
    for (const priority of [5, 1, 3, 2, 4]) await queue.add('urgent', { priority }, { priority });
    work(async ({ data }) => done.push(data.priority));
    await eventually(() => done.length === 5, { what: 'all are done' });
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps to the rate', async () => {
    const startMs = Date.now();
    const times: number[] = [];
    work(async () => times.push(Date.now()), { limiter: { max: 2, duration: 200 } });
    await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'send', data: {} })));
    await eventually(() => times.length === 6, { what: 'all are done', timeoutMs: 10_000 });
    expect(times[5]! - startMs).toBeGreaterThanOrEqual(395);
  });

  it('finishes children before their parent', async () => {
    const done: string[] = [];
    const process = async (job: Job): Promise<unknown> => {
      done.push(job.name);
      return job.name === 'bill' ? Object.values(await job.getChildrenValues()).toSorted() : job.data.price;
    };
    work(process);
    work(process, {}, 'items');
    const flow = keep(new FlowProducer({ connection }));
    const child = (price: number) => ({ name: `item-${price}`, queueName: 'items', data: { price } });
    const { job } = await flow.add({ name: 'bill', queueName: NAME, children: [child(1), child(2), child(3)] });
    await eventually(async () => (await job.getState()) === 'completed', {
      what: 'the parent ends',
      timeoutMs: 10_000,
    });
    expect(done.at(-1)).toBe('bill');
    expect((await queue.getJob(job.id!))?.returnvalue).toEqual([1, 2, 3]);
  });

  it('repeats jobs', async () => {
    let runs = 0;
    work(async () => runs++);
    await queue.upsertJobScheduler('tick', { every: 50 }, { name: 'tick' });
    await eventually(() => runs >= 4, { what: 'it has run four times', timeoutMs: 10_000 });
    expect((await queue.getJobSchedulers()).map(({ key }) => key)).toEqual(['tick']);
    expect(await queue.removeJobScheduler('tick')).toBe(true);
    expect(await queue.getJobSchedulers()).toEqual([]);
  });

  it('takes over the jobs of a worker that died', async () => {
    const token = 'of the dead';
    const dead = keep(new Worker(NAME, null, { connection, lockDuration: 100 }));
    await queue.add('lost', {});
    const taken = (await dead.getNextJob(token)) as Job;
    expect(await taken.getState()).toBe('active');
    let rescued = '';
    work(async (job) => (rescued = job.id!), { stalledInterval: 100, lockDuration: 1000 });
    await eventually(() => rescued !== '', { what: 'another one gets it', timeoutMs: 10_000 });
    expect(rescued).toBe(taken.id);
  });

  it('pauses, drops duplicates, cleans and empties a queue', async () => {
    await queue.pause();
    await queue.add('send', {}, { jobId: 'once' });
    await queue.add('send', {}, { jobId: 'once' });
    await queue.add('send', {}, { deduplication: { id: 'd' } });
    await queue.add('send', {}, { deduplication: { id: 'd' } });
    expect(await queue.isPaused()).toBe(true);
    expect(await queue.count()).toBe(2);
    work(async () => 0);
    await queue.resume();
    await eventually(async () => (await queue.getCompletedCount()) === 2, { what: 'both are done' });
    expect((await queue.clean(0, 100, 'completed')).length).toBe(2);
    await queue.add('late', {}, { delay: 60_000 });
    await queue.drain(true);
    expect(await queue.count()).toBe(0);
    await queue.obliterate({ force: true });
    const redis = new Redis({ host: server.host, port: server.port });
    // What drops duplicates expires by itself.
    const left = (await redis.keys('bull:*')).filter((key) => !key.includes(':de:'));
    redis.disconnect();
    expect(left).toEqual([]);
  });
});
