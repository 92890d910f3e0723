// Kafka with kafkajs for Node.js: topics, producing, groups, their offsets and administration. needs: kafka
'use strict';
const assert = require('node:assert');
const {Kafka, logLevel} = require('kafkajs');

const broker = process.env.MILLRACE_KAFKA || '127.0.0.1:9092';
const kafka = new Kafka({clientId: 'interop', brokers: [broker], logLevel: logLevel.NOTHING});
const tests = [];
let serial = 0;

const test = (name, body) => tests.push({name, body});
const fresh = (prefix = 'js') => `${prefix}-${process.pid}-${Date.now()}-${++serial}`;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function eventually(condition, what, ms = 20000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`${what} did not happen within ${ms} ms`);
}

async function using(client, body) {
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.disconnect();
  }
}

async function create(numPartitions = 1) {
  const topic = fresh('topic');
  await using(kafka.admin(), (admin) => admin.createTopics({waitForLeaders: true, topics: [{topic, numPartitions}]}));
  return topic;
}

async function send(topic, values) {
  await using(kafka.producer(), (producer) =>
    producer.send({topic, acks: -1, messages: values.map((value) => ({value, partition: 0}))}));
}

/// Reads as a member of the group until it has so many, commits and leaves.
async function readAsMember(groupId, topic, wanted) {
  const consumer = kafka.consumer({groupId, sessionTimeout: 10000, heartbeatInterval: 500, maxWaitTimeInMs: 300});
  const got = [];
  await using(consumer, async () => {
    await consumer.subscribe({topics: [topic], fromBeginning: true});
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({message, partition}) => {
        if (got.length >= wanted) return;
        got.push(message.value.toString());
        const next = (BigInt(message.offset) + 1n).toString();
        await consumer.commitOffsets([{topic, partition, offset: next}]);
      },
    });
    await eventually(() => got.length >= wanted, `${wanted} records`);
  });
  return got;
}

test('a_group_reads_and_goes_on_where_it_committed', async () => {
  const [topic, group] = [await create(), fresh('group')];
  await send(topic, ['1', '2', '3', '4', '5']);
  assert.deepStrictEqual(await readAsMember(group, topic, 2), ['1', '2']);
  assert.deepStrictEqual(await readAsMember(group, topic, 3), ['3', '4', '5']);
});

test('two_members_share_the_partitions', async () => {
  const [topic, groupId] = [await create(4), fresh('group')];
  const assigned = [new Set(), new Set()];
  const members = assigned.map((own) => {
    const consumer = kafka.consumer({groupId, sessionTimeout: 10000, rebalanceTimeout: 10000, heartbeatInterval: 300, maxWaitTimeInMs: 300});
    consumer.on(consumer.events.GROUP_JOIN, ({payload}) => {
      own.clear();
      for (const part of payload.memberAssignment[topic] || []) own.add(part);
    });
    return consumer;
  });
  try {
    for (const consumer of members) {
      await consumer.connect();
      await consumer.subscribe({topics: [topic]});
      await consumer.run({eachMessage: async () => {}});
    }
    await eventually(() => assigned.every((own) => own.size === 2), 'two partitions each');
    await members[0].disconnect();
    await eventually(() => assigned[1].size === 4, 'the rest takes over');
  } finally {
    for (const consumer of members) await consumer.disconnect();
  }
});

test('transactions_with_offsets_of_a_group', async () => {
  const [source, target, groupId, transactionalId] = [await create(), await create(), fresh('group'), fresh('id')];
  const producer = kafka.producer({transactionalId, idempotent: true, maxInFlightRequests: 1});
  await using(producer, async () => {
    for (const [value, commit] of [['a', true], ['b', false], ['c', true]]) {
      const transaction = await producer.transaction();
      await transaction.send({topic: target, messages: [{value, partition: 0}]});
      const offset = {a: '1', b: '2', c: '3'}[value];
      const topics = [{topic: source, partitions: [{partition: 0, offset}]}];
      await transaction.sendOffsets({consumerGroupId: groupId, topics});
      await (commit ? transaction.commit() : transaction.abort());
    }
  });
  await using(kafka.admin(), async (admin) => {
    const offsets = await admin.fetchOffsets({groupId, topics: [source]});
    assert.strictEqual(offsets[0].partitions[0].offset, '3');
  });
  assert.deepStrictEqual(await readAsMember(fresh('group'), target, 2), ['a', 'c']);
});

test('groups_are_described_and_deleted', async () => {
  const [topic, groupId] = [await create(), fresh('group')];
  await send(topic, ['1']);
  await readAsMember(groupId, topic, 1);
  await using(kafka.admin(), async (admin) => {
    const listed = (await admin.listGroups()).groups.find((group) => group.groupId === groupId);
    assert.strictEqual(listed.protocolType, 'consumer');
    const described = (await admin.describeGroups([groupId])).groups[0];
    assert.strictEqual(described.state, 'Empty');
    const offsets = await admin.fetchOffsets({groupId, topics: [topic]});
    assert.strictEqual(offsets[0].partitions[0].offset, '1');
    await admin.setOffsets({groupId, topic, partitions: [{partition: 0, offset: '0'}]});
    assert.strictEqual((await admin.fetchOffsets({groupId}))[0].partitions[0].offset, '0');
    await admin.deleteGroups([groupId]);
    assert.strictEqual((await admin.listGroups()).groups.some((group) => group.groupId === groupId), false);
  });
});

test('topics_are_administered', async () => {
  const topic = await create(1);
  await using(kafka.admin(), async (admin) => {
    await admin.createPartitions({topicPartitions: [{topic, count: 3}]});
    const type = 2;  // a topic
    await admin.alterConfigs({resources: [{type, name: topic, configEntries: [{name: 'retention.ms', value: '99000'}]}]});
    const found = await admin.describeConfigs({resources: [{type, name: topic, configNames: ['retention.ms']}]});
    assert.strictEqual(found.resources[0].configEntries[0].configValue, '99000');
    await send(topic, ['1', '2', '3']);
    await admin.deleteTopicRecords({topic, partitions: [{partition: 0, offset: '2'}]});
    const offsets = (await admin.fetchTopicOffsets(topic)).find((part) => part.partition === 0);
    assert.deepStrictEqual([offsets.low, offsets.high], ['2', '3']);
    assert.strictEqual((await admin.describeCluster()).brokers.length, 1);
    await admin.deleteTopics({topics: [topic]});
    assert.strictEqual((await admin.listTopics()).includes(topic), false);
  });
});

test('scram_login', async () => {
  const topic = await create();
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
    const login = (password) => new Kafka({clientId: 'interop', brokers: [broker], retry: {retries: 0},
      sasl: {mechanism, username: 'guest', password}, logLevel: logLevel.NOTHING});
    await using(login('guest').producer(), (producer) => producer.send({topic, messages: [{value: mechanism}]}));
    await assert.rejects(login('wrong').producer().connect());
  }
});

async function main() {
  let failures = 0;
  for (const {name, body} of tests) {
    try {
      await Promise.race([body(), sleep(60000).then(() => { throw new Error('took more than 60 s'); })]);
      console.log(`ok - ${name}`);
    } catch (problem) {
      ++failures;
      console.log(`not ok - ${name}: ${String(problem.stack || problem).replaceAll('\n', ' ')}`);
    }
  }
  process.exit(failures ? 1 : 0);
}

main();
