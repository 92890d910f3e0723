// AMQP 0-9-1 with amqplib for Node.js. needs: amqp
'use strict';
const assert = require('node:assert');
const amqplib = require('amqplib');

const host = process.env.MILLRACE_AMQP_HOST || '127.0.0.1';
const url = `amqp://guest:guest@${host}:${process.env.MILLRACE_AMQP_PORT || 5672}`;
const tests = [];
let serial = 0;

const test = (name, body) => tests.push({name, body});
const fresh = (prefix = 'js') => `${prefix}-${process.pid}-${Date.now()}-${++serial}`;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function eventually(condition, what, ms = 10000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`${what} did not happen within ${ms} ms`);
}

async function withConnection(body) {
  const connection = await amqplib.connect(url);
  connection.on('error', () => {});
  try {
    return await body(connection);
  } finally {
    await connection.close().catch(() => {});
  }
}

async function channelError(channel, action) {
  const closed = new Promise((done) => channel.once('error', done));
  await assert.rejects(action);
  return (await closed).code;
}

test('publish_with_confirms_and_consume_in_order', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const queue = fresh();
  await channel.assertQueue(queue, {durable: true});
  for (let n = 0; n < 500; ++n) channel.sendToQueue(queue, Buffer.from(String(n)), {persistent: true});
  await channel.waitForConfirms();
  assert.strictEqual((await channel.checkQueue(queue)).messageCount, 500);
  const got = [];
  await channel.prefetch(50);
  await channel.consume(queue, (message) => {
    got.push(Number(message.content.toString()));
    channel.ack(message);
  });
  await eventually(() => got.length === 500, 'all deliveries');
  assert.deepStrictEqual(got, [...Array(500).keys()]);
}));

test('a_stream_is_read_again_and_again', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const stream = fresh();
  await channel.assertQueue(stream, {durable: true, arguments: {'x-queue-type': 'stream', 'x-max-age': '1h'}});
  for (let n = 0; n < 100; ++n) channel.sendToQueue(stream, Buffer.from(String(n)));
  await channel.waitForConfirms();
  await channel.prefetch(10);
  for (const offset of ['first', 40]) {
    const got = [];
    const {consumerTag} = await channel.consume(stream, (message) => {
      got.push([message.properties.headers['x-stream-offset'], message.content.toString()]);
      channel.ack(message);
    }, {arguments: {'x-stream-offset': offset}});
    const begin = offset === 'first' ? 0 : offset;
    await eventually(() => got.length === 100 - begin, 'all deliveries');
    assert.deepStrictEqual(got, [...Array(100 - begin).keys()].map((n) => [n + begin, String(n + begin)]));
    await channel.cancel(consumerTag);
  }
}));

test('properties_and_headers', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const {queue} = await channel.assertQueue('', {exclusive: true});
  const headers = {text: 'ü', int: 5, float: 2.5, yes: true, nothing: null, list: [1, 'a'], table: {a: {b: 1}}};
  const sent = {contentType: 'text/plain', contentEncoding: 'utf-8', priority: 3, correlationId: 'c', replyTo: 'r',
    messageId: 'm', timestamp: 1700000000, type: 't', appId: 'app', deliveryMode: 2, headers};
  channel.sendToQueue(queue, Buffer.from([0, 255]), sent);
  await channel.waitForConfirms();
  const message = await channel.get(queue, {noAck: true});
  assert.deepStrictEqual([...message.content], [0, 255]);
  for (const key of Object.keys(sent)) assert.deepStrictEqual(message.properties[key], sent[key], key);
}));

test('topic_exchange_and_unbind', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const exchange = fresh('x');
  const {queue} = await channel.assertQueue('', {exclusive: true});
  await channel.assertExchange(exchange, 'topic', {durable: true});
  await channel.bindQueue(queue, exchange, 'stock.#');
  channel.publish(exchange, 'stock.nyse.ibm', Buffer.from('1'));
  channel.publish(exchange, 'weather', Buffer.from('2'));
  await channel.waitForConfirms();
  assert.strictEqual((await channel.get(queue, {noAck: true})).content.toString(), '1');
  assert.strictEqual(await channel.get(queue, {noAck: true}), false);
  await channel.unbindQueue(queue, exchange, 'stock.#');
  channel.publish(exchange, 'stock.x', Buffer.from('3'));
  await channel.waitForConfirms();
  assert.strictEqual(await channel.get(queue), false);
  await channel.deleteExchange(exchange);
}));

test('mandatory_return', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const returned = [];
  channel.on('return', (message) => returned.push(message));
  channel.publish('', fresh('nowhere'), Buffer.from('x'), {mandatory: true});
  await channel.waitForConfirms();
  assert.strictEqual(returned.length, 1);
  assert.strictEqual(returned[0].fields.replyCode, 312);
}));

test('nack_requeue_and_dead_letter', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const dead = fresh('dead');
  const work = fresh('work');
  await channel.assertQueue(dead);
  await channel.assertQueue(work, {deadLetterExchange: '', deadLetterRoutingKey: dead});
  channel.sendToQueue(work, Buffer.from('x'), {persistent: true});
  await channel.waitForConfirms();
  const first = await channel.get(work);
  assert.strictEqual(first.fields.redelivered, false);
  channel.nack(first, false, true);
  const second = await channel.get(work);
  assert.strictEqual(second.fields.redelivered, true);
  channel.reject(second, false);
  const message = await eventually(() => channel.get(dead, {noAck: true}), 'dead letter');
  assert.strictEqual(message.properties.headers['x-death'][0].reason, 'rejected');
  assert.strictEqual(message.properties.headers['x-death'][0].queue, work);
}));

test('errors_close_the_channel_only', () => withConnection(async (connection) => {
  const missing = await connection.createChannel();
  assert.strictEqual(await channelError(missing, missing.checkQueue(fresh())), 404);
  const queue = fresh();
  const owner = await connection.createChannel();
  await owner.assertQueue(queue, {durable: true});
  const other = await connection.createChannel();
  assert.strictEqual(await channelError(other, other.assertQueue(queue, {durable: true, messageTtl: 5})), 406);
  assert.strictEqual((await owner.deleteQueue(queue)).messageCount, 0);
}));

test('consumer_is_told_that_its_queue_is_gone', () => withConnection(async (connection) => {
  const channel = await connection.createChannel();
  const queue = fresh();
  await channel.assertQueue(queue);
  const messages = [];
  await channel.consume(queue, (message) => messages.push(message));
  await channel.deleteQueue(queue);
  await eventually(() => messages.length === 1, 'cancel');
  assert.strictEqual(messages[0], null);
}));

test('large_message', () => withConnection(async (connection) => {
  const channel = await connection.createConfirmChannel();
  const {queue} = await channel.assertQueue('', {exclusive: true});
  const body = Buffer.alloc(3 * 1024 * 1024, 'abcdefg');
  channel.sendToQueue(queue, body);
  await channel.waitForConfirms();
  assert.ok((await channel.get(queue, {noAck: true})).content.equals(body));
}));

test('wrong_password', async () => {
  await assert.rejects(amqplib.connect(url.replace('guest:guest', 'guest:wrong')), /ACCESS.REFUSED|403/i);
});

async function main() {
  let failed = 0;
  for (const {name, body} of tests) {
    try {
      await Promise.race([body(), sleep(60000).then(() => { throw new Error('took more than 60 s'); })]);
      console.log(`ok - ${name}`);
    } catch (error) {
      ++failed;
      console.log(`not ok - ${name}: ${String(error.message).split('\n').slice(0, 6).join(' | ')}`);
    }
  }
  process.exit(failed ? 1 : 0);
}

main();
