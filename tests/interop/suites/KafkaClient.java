// Kafka with the Java client of Apache Kafka. needs: kafka

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class KafkaClient {
    private static final String BROKER = System.getenv().getOrDefault("MILLRACE_KAFKA", "127.0.0.1:9092");
    private static int serial = 0;
    private static int failures = 0;

    private interface Body {
        void run() throws Exception;
    }

    private static void test(String name, Body body) {
        try {
            body.run();
            System.out.println("ok - " + name);
        } catch (Exception | AssertionError problem) {
            ++failures;
            System.out.println("not ok - " + name + ": " + String.valueOf(problem).replace('\n', ' '));
        }
    }

    private static void equal(Object actual, Object expected) {
        if (!expected.equals(actual)) throw new AssertionError("got " + actual + ", expected " + expected);
    }

    private static String fresh(String prefix) {
        return prefix + "-java-" + ProcessHandle.current().pid() + "-" + System.nanoTime() % 1000000 + "-" + ++serial;
    }

    private static Map<String, Object> settings(Object... pairs) {
        Map<String, Object> all = new HashMap<>();
        all.put("bootstrap.servers", BROKER);
        for (int i = 0; i < pairs.length; i += 2) all.put((String) pairs[i], pairs[i + 1]);
        return all;
    }

    private static String createTopic(int partitions) throws Exception {
        String topic = fresh("topic");
        try (Admin admin = Admin.create(settings())) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get(20, TimeUnit.SECONDS);
        }
        return topic;
    }

    private static void send(String topic, int partition, int count, Object... more) throws Exception {
        Map<String, Object> all = settings(more);
        all.putIfAbsent("acks", "all");
        try (var producer = new KafkaProducer<>(all, new StringSerializer(), new StringSerializer())) {
            List<java.util.concurrent.Future<?>> sent = new ArrayList<>();
            for (int i = 0; i < count; ++i) {
                var record = new ProducerRecord<>(topic, partition, "key-" + i, "value-" + i);
                record.headers().add("number", String.valueOf(i).getBytes(StandardCharsets.UTF_8));
                sent.add(producer.send(record));
            }
            for (var one : sent) one.get(20, TimeUnit.SECONDS);
        }
    }

    private static KafkaConsumer<String, String> consumer(Object... more) {
        Map<String, Object> all = settings(more);
        all.putIfAbsent("enable.auto.commit", "false");
        all.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    private static List<ConsumerRecord<String, String>> take(KafkaConsumer<String, String> consumer, int wanted) {
        List<ConsumerRecord<String, String>> got = new ArrayList<>();
        long end = System.nanoTime() + 25_000_000_000L;
        while (got.size() < wanted && System.nanoTime() < end) consumer.poll(Duration.ofMillis(200)).forEach(got::add);
        return got;
    }

    private static void checkRecords(List<ConsumerRecord<String, String>> got, int first, int count) {
        equal(got.size(), count);
        for (int i = 0; i < count; ++i) {
            var record = got.get(i);
            equal(record.offset(), (long) (first + i));
            equal(record.key() + "=" + record.value(), "key-" + (first + i) + "=value-" + (first + i));
            equal(new String(record.headers().lastHeader("number").value(), StandardCharsets.UTF_8), String.valueOf(first + i));
        }
    }

    private static void produceAndFetch() throws Exception {
        String topic = createTopic(1);
        send(topic, 0, 2000, "linger.ms", "5");
        try (var consumer = consumer()) {
            var where = new TopicPartition(topic, 0);
            consumer.assign(List.of(where));
            checkRecords(take(consumer, 2000), 0, 2000);
            consumer.seek(where, 1990);
            checkRecords(take(consumer, 10), 1990, 10);
            equal(consumer.endOffsets(List.of(where)).get(where), 2000L);
        }
    }

    private static void everyCompression() throws Exception {
        for (String kind : List.of("gzip", "snappy", "lz4", "zstd")) {
            String topic = createTopic(1);
            send(topic, 0, 300, "compression.type", kind, "linger.ms", "20");
            try (var consumer = consumer()) {
                consumer.assign(List.of(new TopicPartition(topic, 0)));
                checkRecords(take(consumer, 300), 0, 300);
            }
        }
    }

    private static void groupCommitsAndGoesOn() throws Exception {
        String topic = createTopic(1);
        String group = fresh("group");
        send(topic, 0, 20);
        for (int round = 0; round < 2; ++round) {
            try (var consumer = consumer("group.id", group, "max.poll.records", "10")) {
                consumer.subscribe(List.of(topic));
                checkRecords(take(consumer, 10), 10 * round, 10);
                consumer.commitSync();
            }
        }
    }

    private static void adminCalls() throws Exception {
        String topic = createTopic(3);
        send(topic, 2, 5);
        try (Admin admin = Admin.create(settings())) {
            equal(admin.listTopics().names().get(20, TimeUnit.SECONDS).contains(topic), true);
            var described = admin.describeTopics(List.of(topic)).allTopicNames().get(20, TimeUnit.SECONDS).get(topic);
            Set<Integer> partitions = new HashSet<>();
            described.partitions().forEach(partition -> partitions.add(partition.partition()));
            equal(partitions, Set.of(0, 1, 2));
            var where = new TopicPartition(topic, 2);
            equal(admin.listOffsets(Map.of(where, OffsetSpec.latest())).all().get(20, TimeUnit.SECONDS).get(where).offset(), 5L);
            try {
                admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get(20, TimeUnit.SECONDS);
                throw new AssertionError("created twice");
            } catch (ExecutionException problem) {
                equal(problem.getCause() instanceof TopicExistsException, true);
            }
            admin.deleteTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
            equal(admin.listTopics().names().get(20, TimeUnit.SECONDS).contains(topic), false);
        }
    }

    private static void settingsAndPartitions() throws Exception {
        String topic = createTopic(1);
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (Admin admin = Admin.create(settings())) {
            var set = new AlterConfigOp(new ConfigEntry("retention.ms", "123000"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all().get(20, TimeUnit.SECONDS);
            var found = admin.describeConfigs(List.of(resource)).all().get(20, TimeUnit.SECONDS).get(resource);
            equal(found.get("retention.ms").value(), "123000");
            equal(found.get("retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
            equal(found.get("cleanup.policy").isDefault(), true);
            var burn = new AlterConfigOp(new ConfigEntry("cleanup.policy", "burn"), AlterConfigOp.OpType.SET);
            try {
                admin.incrementalAlterConfigs(Map.of(resource, List.of(burn))).all().get(20, TimeUnit.SECONDS);
                throw new AssertionError("an unknown policy was taken");
            } catch (ExecutionException problem) {
                equal(problem.getCause() instanceof InvalidConfigurationException, true);
            }
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get(20, TimeUnit.SECONDS);
            send(topic, 2, 10);
            var where = new TopicPartition(topic, 2);
            var deleted = admin.deleteRecords(Map.of(where, RecordsToDelete.beforeOffset(4))).all();
            deleted.get(20, TimeUnit.SECONDS);
            equal(admin.listOffsets(Map.of(where, OffsetSpec.earliest())).all().get(20, TimeUnit.SECONDS).get(where).offset(), 4L);
            equal(admin.describeCluster().nodes().get(20, TimeUnit.SECONDS).size(), 1);
            equal(admin.describeLogDirs(List.of(1)).allDescriptions().get(20, TimeUnit.SECONDS).get(1).size(), 1);
        }
    }

    private static void groupsAreAdministered() throws Exception {
        String topic = createTopic(2);
        String group = fresh("group");
        send(topic, 0, 5);
        try (Admin admin = Admin.create(settings());
                var consumer = consumer("group.id", group, "group.instance.id", "one",
                    "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor")) {
            consumer.subscribe(List.of(topic));
            equal(take(consumer, 5).size(), 5);
            consumer.commitSync();
            var described = admin.describeConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS).get(group);
            equal(described.members().size(), 1);
            var member = described.members().iterator().next();
            equal(member.groupInstanceId().get(), "one");
            equal(member.assignment().topicPartitions().size(), 2);
            equal(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(20, TimeUnit.SECONDS)
                .get(new TopicPartition(topic, 0)).offset(), 5L);
            equal(admin.listGroups().all().get(20, TimeUnit.SECONDS).stream().anyMatch(g -> g.groupId().equals(group)), true);
            admin.removeMembersFromConsumerGroup(group, new RemoveMembersFromConsumerGroupOptions()).all().get(20, TimeUnit.SECONDS);
            admin.deleteConsumerGroups(List.of(group)).all().get(20, TimeUnit.SECONDS);
        }
    }

    public static void main(String[] arguments) {
        test("produce_and_fetch", KafkaClient::produceAndFetch);
        test("every_compression", KafkaClient::everyCompression);
        test("group_commits_and_goes_on", KafkaClient::groupCommitsAndGoesOn);
        test("admin_calls", KafkaClient::adminCalls);
        test("settings_and_partitions", KafkaClient::settingsAndPartitions);
        test("groups_are_administered", KafkaClient::groupsAreAdministered);
        System.exit(failures == 0 ? 0 : 1);
    }
}
