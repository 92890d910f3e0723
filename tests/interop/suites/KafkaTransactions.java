// Transactions with the Java client of Apache Kafka. needs: kafka

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class KafkaTransactions {
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

    private static KafkaProducer<String, String> producer(String id, Object... more) {
        Map<String, Object> all = settings(more);
        all.put("transactional.id", id);
        all.putIfAbsent("max.block.ms", "20000");
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    private static KafkaConsumer<String, String> consumer(Object... more) {
        Map<String, Object> all = settings(more);
        all.putIfAbsent("enable.auto.commit", "false");
        all.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    /** The values in a partition up to where this level of isolation may read. */
    private static List<String> values(String topic, int partition, String isolation) throws Exception {
        TopicPartition where = new TopicPartition(topic, partition);
        List<String> got = new ArrayList<>();
        try (var reader = consumer("isolation.level", isolation)) {
            reader.assign(List.of(where));
            reader.seekToBeginning(List.of(where));
            long end = reader.endOffsets(List.of(where)).get(where);
            long deadline = System.nanoTime() + 25_000_000_000L;
            while (reader.position(where) < end && System.nanoTime() < deadline) {
                reader.poll(Duration.ofMillis(200)).forEach(record -> got.add(record.value()));
            }
            equal(reader.position(where) >= end, true);
        }
        return got;
    }

    private static void commitsAndAborts() throws Exception {
        String topic = createTopic(2);
        try (var producer = producer(fresh("id"))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "a0"));
            producer.send(new ProducerRecord<>(topic, 1, "k", "a1"));
            producer.flush();
            equal(values(topic, 0, "read_committed"), List.of());
            equal(values(topic, 0, "read_uncommitted"), List.of("a0"));
            producer.commitTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "b0"));
            producer.flush();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "c0"));
            producer.commitTransaction();
        }
        equal(values(topic, 0, "read_committed"), List.of("a0", "c0"));
        equal(values(topic, 1, "read_committed"), List.of("a1"));
        equal(values(topic, 0, "read_uncommitted"), List.of("a0", "b0", "c0"));
    }

    private static void manyTransactions() throws Exception {
        String topic = createTopic(3);
        List<String> expected = new ArrayList<>();
        try (var producer = producer(fresh("id"), "linger.ms", "0")) {
            producer.initTransactions();
            for (int i = 0; i < 200; ++i) {
                producer.beginTransaction();
                for (int n = 0; n < 6; ++n) producer.send(new ProducerRecord<>(topic, n % 3, "k", i + "-" + n));
                // The client looks for records that are still to be sent before it takes the lock under which it sends
                // the end of the transaction: where its threads wait for a processor, it may end it before them.
                producer.flush();
                if (i % 3 == 1) {
                    producer.abortTransaction();
                    continue;
                }
                producer.commitTransaction();
                for (int n = 0; n < 6; n += 3) expected.add(i + "-" + n);
            }
        }
        equal(values(topic, 0, "read_committed"), expected);
        for (int p = 1; p < 3; ++p) equal(values(topic, p, "read_committed").size(), expected.size());
    }

    private static void anotherOneTakesOver() throws Exception {
        String topic = createTopic(1);
        String id = fresh("id");
        try (var old = producer(id); var next = producer(id)) {
            old.initTransactions();
            old.beginTransaction();
            old.send(new ProducerRecord<>(topic, 0, "k", "old"));
            old.flush();
            next.initTransactions();
            next.beginTransaction();
            next.send(new ProducerRecord<>(topic, 0, "k", "new"));
            next.commitTransaction();
            boolean fenced = false;
            try {
                old.commitTransaction();
            } catch (ProducerFencedException expected) {
                fenced = true;
            } catch (KafkaException wrapped) {
                fenced = String.valueOf(wrapped).contains("epoch") || String.valueOf(wrapped).contains("fenced");
            }
            equal(fenced, true);
        }
        equal(values(topic, 0, "read_committed"), List.of("new"));
    }

    private static void tooLongIsAborted() throws Exception {
        String topic = createTopic(1);
        try (var producer = producer(fresh("id"), "transaction.timeout.ms", "1500")) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "slow"));
            producer.flush();
            long end = System.nanoTime() + 20_000_000_000L;
            TopicPartition where = new TopicPartition(topic, 0);
            try (Admin admin = Admin.create(settings())) {
                while (System.nanoTime() < end) {
                    var latest = admin.listOffsets(Map.of(where, OffsetSpec.latest())).all().get(20, TimeUnit.SECONDS);
                    if (latest.get(where).offset() == 2) break;
                    Thread.sleep(50);
                }
            }
            boolean failed = false;
            try {
                producer.send(new ProducerRecord<>(topic, 0, "k", "late"));
                producer.commitTransaction();
            } catch (KafkaException expected) {
                failed = true;
            }
            equal(failed, true);
        }
        equal(values(topic, 0, "read_committed"), List.of());
    }

    /** Reads numbers, writes their doubles; stops, as if killed, in the middle of a transaction. */
    private static void loop(String from, String to, String group, String id, int transactions) throws Exception {
        var reader = consumer("group.id", group, "isolation.level", "read_committed", "max.poll.records", "7",
            "session.timeout.ms", "6000");
        var writer = producer(id);
        writer.initTransactions();
        reader.subscribe(List.of(from));
        long end = System.nanoTime() + 30_000_000_000L;
        for (int done = 0; done < transactions && System.nanoTime() < end; ) {
            var records = reader.poll(Duration.ofMillis(200));
            if (records.isEmpty()) continue;
            writer.beginTransaction();
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (var record : records) {
                writer.send(new ProducerRecord<>(to, 0, "k", String.valueOf(2 * Integer.parseInt(record.value()))));
                offsets.put(new TopicPartition(from, record.partition()), new OffsetAndMetadata(record.offset() + 1));
            }
            writer.sendOffsetsToTransaction(offsets, reader.groupMetadata());
            if (++done == transactions) {
                writer.flush();
                reader.close();  // leaves, but the transaction stays open
                writer.close(Duration.ZERO);
                return;
            }
            writer.commitTransaction();
        }
        reader.close();
        writer.close();
    }

    private static void readProcessWrite() throws Exception {
        String from = createTopic(1);
        String to = createTopic(1);
        try (var producer = producer(fresh("id"))) {
            producer.initTransactions();
            producer.beginTransaction();
            for (int i = 0; i < 40; ++i) producer.send(new ProducerRecord<>(from, 0, "k", String.valueOf(i)));
            producer.commitTransaction();
        }
        String group = fresh("group");
        String id = fresh("id");
        loop(from, to, group, id, 2);
        loop(from, to, group, id, 3);
        long end = System.nanoTime() + 40_000_000_000L;
        while (values(to, 0, "read_committed").size() < 40 && System.nanoTime() < end) loop(from, to, group, id, 8);
        List<String> expected = IntStream.range(0, 40).mapToObj(i -> String.valueOf(2 * i)).toList();
        equal(values(to, 0, "read_committed"), expected);
    }

    private static void administered() throws Exception {
        String topic = createTopic(1);
        String id = fresh("id");
        TopicPartition where = new TopicPartition(topic, 0);
        try (Admin admin = Admin.create(settings()); var producer = producer(id)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, "k", "open"));
            producer.flush();
            var described = admin.describeTransactions(List.of(id)).description(id).get(20, TimeUnit.SECONDS);
            equal(described.state(), TransactionState.ONGOING);
            equal(described.topicPartitions(), java.util.Set.of(where));
            var listed = admin.listTransactions(new ListTransactionsOptions().filterProducerIds(List.of(described.producerId())))
                .all().get(20, TimeUnit.SECONDS);
            equal(listed.stream().map(TransactionListing::transactionalId).toList(), List.of(id));
            var producers = admin.describeProducers(List.of(where)).partitionResult(where).get(20, TimeUnit.SECONDS);
            var active = producers.activeProducers().get(0);
            equal(active.currentTransactionStartOffset().getAsLong(), 0L);
            admin.abortTransaction(new AbortTransactionSpec(where, active.producerId(), (short) active.producerEpoch(), 0))
                .all().get(20, TimeUnit.SECONDS);
            equal(admin.listOffsets(Map.of(where, OffsetSpec.latest())).all().get(20, TimeUnit.SECONDS).get(where).offset(), 2L);
            admin.fenceProducers(List.of(id)).all().get(20, TimeUnit.SECONDS);
        }
        equal(values(topic, 0, "read_committed"), List.of());
    }

    public static void main(String[] arguments) {
        test("commits and aborts are seen as the isolation level says", KafkaTransactions::commitsAndAborts);
        test("many transactions over three partitions", KafkaTransactions::manyTransactions);
        test("another producer of the same name takes over", KafkaTransactions::anotherOneTakesOver);
        test("a transaction that takes too long is aborted", KafkaTransactions::tooLongIsAborted);
        test("a read-process-write loop that stops in the middle gives each result once", KafkaTransactions::readProcessWrite);
        test("transactions are described, listed and ended by administrators", KafkaTransactions::administered);
        System.exit(failures == 0 ? 0 : 1);
    }
}
