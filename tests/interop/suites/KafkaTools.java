// The command line tools of Apache Kafka, each in a process of its own as its script starts it. needs: kafka

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

public final class KafkaTools {
    private static final String BROKER = System.getenv().getOrDefault("MILLRACE_KAFKA", "127.0.0.1:9092");
    private static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
    private static final String GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private static final String CONFIGS = "kafka.admin.ConfigCommand";
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

    private static String fresh(String prefix) {
        return prefix + "-tools-" + ProcessHandle.current().pid() + "-" + System.nanoTime() % 1000000 + "-" + ++serial;
    }

    /** Runs a tool; what it printed. */
    private static String run(String input, String tool, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp",
            System.getProperty("java.class.path"), tool));
        // One tool knows its broker by another name.
        if (tool.endsWith("ProducerPerformance"))
            command.addAll(List.of("--producer-props", "bootstrap.servers=" + BROKER));
        else
            command.addAll(List.of("--bootstrap-server", BROKER));
        // Its patience for an answer is five seconds otherwise, which a busy machine may need.
        if (tool.equals(GROUPS)) command.addAll(List.of("--timeout", "120000"));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("tool", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try (var to = process.getOutputStream()) {
            to.write(input.getBytes());
        } catch (IOException closed) {
            // The tool did not want its input: what it prints says why.
        }
        if (!process.waitFor(180, TimeUnit.SECONDS)) process.destroyForcibly();
        String printed = Files.readString(output);
        Files.delete(output);
        if (process.waitFor() != 0) throw new AssertionError(tool + " failed: " + printed);
        return printed;
    }

    private static void contains(String text, String... wanted) {
        for (String each : wanted) {
            if (!text.contains(each)) throw new AssertionError("no '" + each + "' in: " + text);
        }
    }

    private static String create(int partitions) throws Exception {
        String topic = fresh("topic");
        run("", TOPICS, "--create", "--topic", topic, "--partitions", String.valueOf(partitions));
        return topic;
    }

    private static void produce(String topic, String lines) throws Exception {
        run(lines, "org.apache.kafka.tools.ConsoleProducer", "--topic", topic);
    }

    private static void topics() throws Exception {
        String topic = create(2);
        contains(run("", TOPICS, "--list"), topic);
        run("", TOPICS, "--alter", "--topic", topic, "--partitions", "3");
        contains(run("", TOPICS, "--describe", "--topic", topic), "PartitionCount: 3", "ReplicationFactor: 1");
        run("", TOPICS, "--delete", "--topic", topic);
        if (run("", TOPICS, "--list").contains(topic)) throw new AssertionError("still there");
    }

    private static void consoles() throws Exception {
        String topic = create(1);
        produce(topic, "first\nsecond\n");
        contains(run("", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--from-beginning",
            "--max-messages", "2", "--timeout-ms", "120000"), "first", "second");
        contains(run("", "org.apache.kafka.tools.GetOffsetShell", "--topic", topic), topic + ":0:2");
    }

    private static void groups() throws Exception {
        String topic = create(1);
        String group = fresh("group");
        // A group without members and offsets is soon forgotten; this one keeps an offset here.
        String other = create(1);
        produce(topic, "1\n2\n3\n");
        run("", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--from-beginning", "--max-messages",
            "3", "--group", group, "--timeout-ms", "120000");
        contains(run("", GROUPS, "--list"), group);
        contains(run("", GROUPS, "--describe", "--group", group, "--state"), "Empty");
        contains(run("", GROUPS, "--describe", "--group", group, "--offsets"), topic);
        contains(run("", GROUPS, "--reset-offsets", "--group", group, "--topic", topic, "--topic", other, "--to-earliest",
            "--execute"), topic, other);
        contains(run("", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--topic", topic, "--max-messages", "3", "--group",
            group, "--timeout-ms", "120000"), "1\n2\n3");
        contains(run("", GROUPS, "--delete-offsets", "--group", group, "--topic", topic), "Successful");
        contains(run("", GROUPS, "--delete", "--group", group), "successful");
    }

    private static void configs() throws Exception {
        String topic = create(1);
        run("", CONFIGS, "--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", "retention.ms=777000");
        contains(run("", CONFIGS, "--describe", "--entity-type", "topics", "--entity-name", topic), "retention.ms=777000");
        run("", CONFIGS, "--alter", "--entity-type", "topics", "--entity-name", topic, "--delete-config", "retention.ms");
        if (run("", CONFIGS, "--describe", "--entity-type", "topics", "--entity-name", topic).contains("777000")) {
            throw new AssertionError("still set");
        }
        contains(run("", CONFIGS, "--describe", "--entity-type", "brokers", "--entity-name", "1", "--all"), "num.partitions=");
    }

    private static void logs() throws Exception {
        String topic = create(1);
        produce(topic, "1\n2\n3\n");
        Path wanted = Files.createTempFile("records", ".json");
        Files.writeString(wanted, "{\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":2}],\"version\":1}");
        contains(run("", "org.apache.kafka.tools.DeleteRecordsCommand", "--offset-json-file", wanted.toString()), "low_watermark: 2");
        Files.delete(wanted);
        contains(run("", "org.apache.kafka.tools.LogDirsCommand", "--describe", "--topic-list", topic), topic + "-0");
        contains(run("", "org.apache.kafka.tools.BrokerApiVersionsCommand"), "Fetch(1)");
    }

    private static void acls() throws Exception {
        String acls = "org.apache.kafka.tools.AclCommand";
        String topic = fresh("topic");
        run("", acls, "--add", "--allow-principal", "User:ann", "--operation", "Read", "--topic", topic);
        run("", acls, "--add", "--deny-principal", "User:ann", "--operation", "Write", "--topic", topic, "--resource-pattern-type",
            "prefixed");
        contains(run("", acls, "--list", "--topic", topic, "--resource-pattern-type", "match"), "principal=User:ann", "operation=READ",
            "permissionType=DENY");
        run("", acls, "--remove", "--force", "--topic", topic, "--resource-pattern-type", "any");
        if (run("", acls, "--list").contains(topic)) throw new AssertionError("still there");
    }

    private static void users() throws Exception {
        String user = fresh("user");
        run("", CONFIGS, "--alter", "--entity-type", "users", "--entity-name", user, "--add-config",
            "SCRAM-SHA-256=[iterations=4096,password=secret]");
        contains(run("", CONFIGS, "--describe", "--entity-type", "users", "--entity-name", user), "SCRAM-SHA-256=iterations=4096");
        run("", CONFIGS, "--alter", "--entity-type", "users", "--entity-name", user, "--delete-config", "SCRAM-SHA-256");
    }

    private static void quotas() throws Exception {
        String user = fresh("user");
        run("", CONFIGS, "--alter", "--entity-type", "users", "--entity-name", user, "--entity-type", "clients", "--entity-default",
            "--add-config", "producer_byte_rate=1048576,request_percentage=50");
        contains(run("", CONFIGS, "--describe", "--entity-type", "users", "--entity-name", user, "--entity-type", "clients",
            "--entity-default"), "producer_byte_rate=1048576", "request_percentage=50");
        run("", CONFIGS, "--alter", "--entity-type", "ips", "--entity-default", "--add-config", "connection_creation_rate=1000");
        run("", CONFIGS, "--alter", "--entity-type", "ips", "--entity-default", "--delete-config", "connection_creation_rate");
    }

    private static void transactions() throws Exception {
        String tool = "org.apache.kafka.tools.TransactionsCommand";
        String topic = create(1);
        contains(run("", tool, "list"), "TransactionalId", "TransactionState");
        contains(run("", tool, "describe-producers", "--topic", topic, "--partition", "0"), "ProducerId");
    }

    private static void verified() throws Exception {
        String topic = create(2);
        contains(run("", "org.apache.kafka.tools.VerifiableProducer", "--topic", topic, "--max-messages", "50", "--acks", "-1"),
            "\"acked\":50");
        contains(run("", "org.apache.kafka.tools.VerifiableConsumer", "--topic", topic, "--group-id", fresh("group"),
            "--max-messages", "50", "--reset-policy", "earliest"), "records_consumed");
    }

    private static void performance() throws Exception {
        String topic = create(1);
        contains(run("", "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", "2000", "--record-size",
            "100", "--throughput", "-1"), "2000 records sent");
        contains(run("", "org.apache.kafka.tools.ConsumerPerformance", "--topic", topic, "--messages", "2000"), "data.consumed");
    }

    public static void main(String[] arguments) {
        test("topics_are_made_shown_changed_and_deleted", KafkaTools::topics);
        test("console_producer_and_consumer", KafkaTools::consoles);
        test("groups_are_shown_reset_and_deleted", KafkaTools::groups);
        test("configs_are_shown_and_changed", KafkaTools::configs);
        test("records_are_deleted_and_sizes_shown", KafkaTools::logs);
        test("access_rules_are_added_listed_and_removed", KafkaTools::acls);
        test("credentials_of_users", KafkaTools::users);
        test("quotas_are_set_and_shown", KafkaTools::quotas);
        test("transactions_are_listed", KafkaTools::transactions);
        test("verifiable_producer_and_consumer", KafkaTools::verified);
        test("performance_tests_run", KafkaTools::performance);
        System.exit(failures == 0 ? 0 : 1);
    }
}
