// AMQP 0-9-1 with RabbitMQ's Java client. needs: amqp

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.RpcClientParams;
import com.rabbitmq.client.RpcServer;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public final class RabbitmqJava {
    private static final long SECONDS = 30;
    private static Connection connection;
    private static int serial = 0;
    private static int failures = 0;

    private interface Body {
        void run(Channel channel, String name) throws Exception;
    }

    private static void test(String title, Body body) {
        String name = "java-" + ProcessHandle.current().pid() + "-" + ++serial;
        try {
            Channel channel = connection.createChannel();
            body.run(channel, name);
            if (channel.isOpen()) channel.close();
            System.out.println("ok - " + title);
        } catch (Exception | AssertionError problem) {
            ++failures;
            System.out.println("not ok - " + title + ": " + String.valueOf(problem).replace('\n', ' '));
        }
    }

    private static void equal(Object actual, Object expected) {
        if (!expected.equals(actual)) throw new AssertionError("got " + actual + ", expected " + expected);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T found = queue.poll(SECONDS, TimeUnit.SECONDS);
        if (found == null) throw new AssertionError("nothing came within " + SECONDS + " s");
        return found;
    }

    private static BlockingQueue<Delivery> consume(Channel channel, String queue, boolean autoAck, Map<String, Object> arguments)
            throws IOException {
        BlockingQueue<Delivery> got = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, autoAck, arguments, (tag, delivery) -> got.add(delivery), tag -> { });
        return got;
    }

    private static int codeOf(ShutdownSignalException signal) {
        Object reason = signal.getReason();
        if (reason instanceof AMQP.Channel.Close) return ((AMQP.Channel.Close) reason).getReplyCode();
        return ((AMQP.Connection.Close) reason).getReplyCode();
    }

    private interface Request {
        void send() throws IOException;
    }

    private static void refused(Channel channel, int code, Request request) throws Exception {
        BlockingQueue<ShutdownSignalException> ends = new LinkedBlockingQueue<>();
        channel.addShutdownListener(ends::add);
        try {
            request.send();
        } catch (IOException | AlreadyClosedException expected) {
            // told by the listener as well
        }
        equal(codeOf(next(ends)), code);
    }

    private static void confirms(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, true, false, false, null);
        channel.confirmSelect();
        ConcurrentSkipListSet<Long> waiting = new ConcurrentSkipListSet<>();
        BlockingQueue<String> nacks = new LinkedBlockingQueue<>();
        channel.addConfirmListener((tag, multiple) -> {
            if (multiple) waiting.headSet(tag, true).clear();
            else waiting.remove(tag);
        }, (tag, multiple) -> nacks.add("nack " + tag));
        for (int i = 0; i < 500; ++i) {
            waiting.add(channel.getNextPublishSeqNo());
            channel.basicPublish("", name, MessageProperties.PERSISTENT_TEXT_PLAIN, bytes("m" + i));
        }
        channel.waitForConfirmsOrDie(SECONDS * 1000);
        equal(waiting.size() + nacks.size(), 0);
        equal(channel.messageCount(name), 500L);
        equal(channel.queuePurge(name).getMessageCount(), 500);
        channel.queueDelete(name);
    }

    private static void headers(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, false, true, false, null);
        Map<String, Object> sent = new HashMap<>();
        sent.put("int", 5);
        sent.put("long", 1L << 40);
        sent.put("short", (short) 7);
        sent.put("byte", (byte) 8);
        sent.put("double", 2.5);
        sent.put("float", 1.5f);
        sent.put("flag", true);
        sent.put("nothing", null);
        sent.put("decimal", new BigDecimal("12.34"));
        sent.put("date", new Date(1_700_000_000_000L));
        sent.put("list", List.of(1, true));
        sent.put("table", Map.of("inner", 5L));
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder().headers(new HashMap<>(sent)).priority(3)
            .messageId("id").timestamp(new Date(1_600_000_000_000L)).type("type").appId("app").expiration("60000").build();
        channel.basicPublish("", name, properties, bytes("body"));
        GetResponse got = channel.basicGet(name, true);
        equal(got.getProps().getHeaders(), sent);
        equal(got.getProps().getTimestamp(), new Date(1_600_000_000_000L));
        equal(got.getProps().getMessageId() + got.getProps().getType() + got.getProps().getExpiration(), "idtype60000");
    }

    private static void returns(Channel channel, String name) throws Exception {
        BlockingQueue<Return> returned = new LinkedBlockingQueue<>();
        channel.addReturnListener(returned::add);
        channel.basicPublish("", name, true, null, bytes("lost"));
        Return lost = next(returned);
        equal(lost.getReplyCode() + " " + lost.getReplyText() + " " + lost.getRoutingKey() + " " + text(lost.getBody()),
              "312 NO_ROUTE " + name + " lost");
    }

    private static void settlements(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, false, true, false, null);
        for (int i = 0; i < 6; ++i) channel.basicPublish("", name, null, bytes("" + i));
        channel.basicQos(3);
        BlockingQueue<Delivery> got = consume(channel, name, false, Map.of());
        for (int i = 0; i < 3; ++i) equal(text(next(got).getBody()), "" + i);
        channel.basicNack(2, true, true);
        List<String> again = new ArrayList<>();
        for (int i = 0; i < 2; ++i) {
            Delivery delivery = next(got);
            equal(delivery.getEnvelope().isRedeliver(), true);
            again.add(text(delivery.getBody()));
        }
        equal(again, List.of("0", "1"));
        channel.basicReject(3, false);
        channel.basicAck(5, true);  // not 0: the next delivery may be on its way already
        for (int i = 3; i < 6; ++i) equal(text(next(got).getBody()), "" + i);
        channel.basicRecover(true);
        for (int i = 3; i < 6; ++i) equal(next(got).getEnvelope().isRedeliver(), true);
        refused(channel, 406, () -> channel.basicAck(99, false));
    }

    private static void bindings(Channel channel, String name) throws Exception {
        channel.exchangeDeclare(name + ".a", BuiltinExchangeType.TOPIC, false, true, Map.of("alternate-exchange", name + ".lost"));
        channel.exchangeDeclare(name + ".b", BuiltinExchangeType.FANOUT, false, true, true, null);
        channel.exchangeDeclare(name + ".lost", BuiltinExchangeType.FANOUT, false, true, null);
        String queue = channel.queueDeclare().getQueue();
        channel.exchangeBind(name + ".b", name + ".a", "x.#");
        channel.queueBind(queue, name + ".b", "");
        channel.queueBind(queue, name + ".lost", "");
        channel.basicPublish(name + ".a", "x.y", null, bytes("found"));
        channel.basicPublish(name + ".a", "y", null, bytes("lost"));
        BlockingQueue<Delivery> got = consume(channel, queue, true, Map.of());
        equal(next(got).getEnvelope().getExchange(), name + ".a");
        equal(text(next(got).getBody()), "lost");
        channel.exchangeUnbind(name + ".b", name + ".a", "x.#");
        refused(channel, 403, () -> channel.basicPublish(name + ".b", "", null, bytes("internal")));
    }

    private static void transactions(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, false, true, false, null);
        channel.txSelect();
        channel.basicPublish("", name, null, bytes("dropped"));
        channel.txRollback();
        channel.basicPublish("", name, null, bytes("kept"));
        equal(channel.messageCount(name), 0L);
        channel.txCommit();
        equal(text(channel.basicGet(name, false).getBody()), "kept");
    }

    private static void cancellation(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, false, false, false, null);
        BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
        String tag = channel.basicConsume(name, true, "mine", (t, delivery) -> { }, cancelled::add);
        equal(channel.consumerCount(name), 1L);
        try (Channel other = connection.createChannel()) {
            other.queueDelete(name);
        }
        equal(next(cancelled), tag);
    }

    private static void remoteCalls(Channel channel, String name) throws Exception {
        Channel served = connection.createChannel();
        served.queueDeclare(name, false, false, true, null);
        RpcServer server = new RpcServer(served, name) {
            @Override
            public byte[] handleCall(byte[] request, AMQP.BasicProperties properties) {
                return bytes("re: " + text(request));
            }
        };
        Thread thread = new Thread(() -> {
            try {
                server.mainloop();
            } catch (IOException | ShutdownSignalException ended) {
                // the channel closed
            }
        });
        thread.start();
        RpcClient client = new RpcClient(new RpcClientParams().channel(channel).exchange("").routingKey(name)
            .timeout((int) SECONDS * 1000));
        for (int i = 0; i < 20; ++i) equal(text(client.primitiveCall(bytes("call " + i))), "re: call " + i);
        client.close();
        server.terminateMainloop();
        served.close();
        thread.join(SECONDS * 1000);
    }

    private static void quorum(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, true, false, false, Map.of("x-queue-type", "quorum", "x-delivery-limit", 2));
        channel.basicPublish("", name, null, bytes("body"));
        channel.basicQos(1);
        BlockingQueue<Delivery> got = consume(channel, name, false, Map.of());
        for (int i = 0; i < 3; ++i) channel.basicNack(next(got).getEnvelope().getDeliveryTag(), false, true);
        for (int i = 0; i < 3; ++i) {
            Delivery delivery = next(got);
            Map<String, Object> headers = delivery.getProperties().getHeaders();
            equal(headers.get("x-acquired-count"), 3L + i);
            if (i > 0) equal(headers.get("x-delivery-count"), (long) i);
            channel.basicReject(delivery.getEnvelope().getDeliveryTag(), true);
        }
        while (channel.messageCount(name) > 0) Thread.sleep(20);
        equal(got.poll(200, TimeUnit.MILLISECONDS) == null, true);
        channel.queueDelete(name);
    }

    private static void stream(Channel channel, String name) throws Exception {
        channel.queueDeclare(name, true, false, false, Map.of("x-queue-type", "stream"));
        channel.confirmSelect();
        for (int i = 0; i < 20; ++i) channel.basicPublish("", name, null, bytes("" + i));
        channel.waitForConfirmsOrDie(SECONDS * 1000);
        channel.basicQos(5);
        BlockingQueue<Delivery> got = consume(channel, name, false, Map.of("x-stream-offset", 12L));
        for (int i = 12; i < 20; ++i) {
            Delivery delivery = next(got);
            equal(delivery.getProperties().getHeaders().get("x-stream-offset"), (long) i);
            equal(text(delivery.getBody()), "" + i);
            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        }
        channel.queueDelete(name);
    }

    private static void refusals(Channel channel, String name) throws Exception {
        refused(channel, 404, () -> channel.queueDeclarePassive(name));
        Channel second = connection.createChannel();
        second.queueDeclare(name, false, false, true, null);
        refused(second, 406, () -> second.queueDeclare(name, true, false, true, null));
        Channel third = connection.createChannel();
        refused(third, 403, () -> third.queueDeclare("amq.mine", false, false, false, null));
        Channel fourth = connection.createChannel();
        fourth.basicConsume(name, true, "", false, true, null, new DefaultConsumer(fourth));
        Channel fifth = connection.createChannel();
        refused(fifth, 403, () -> fifth.basicConsume(name, new DefaultConsumer(fifth)));
        fourth.queueDelete(name);
        fourth.close();
    }

    private static void threads(Channel unused, String name) throws Exception {
        unused.queueDeclare(name, false, false, false, null);
        List<Thread> all = new ArrayList<>();
        BlockingQueue<String> problems = new LinkedBlockingQueue<>();
        for (int i = 0; i < 8; ++i) {
            Thread thread = new Thread(() -> {
                try (Channel own = connection.createChannel()) {
                    own.confirmSelect();
                    for (int n = 0; n < 200; ++n) own.basicPublish("", name, null, new byte[3000]);
                    own.waitForConfirmsOrDie(SECONDS * 1000);
                } catch (Exception problem) {
                    problems.add(problem.toString());
                }
            });
            thread.start();
            all.add(thread);
        }
        for (Thread thread : all) thread.join(SECONDS * 1000);
        equal(new ArrayList<>(problems), List.of());
        equal(unused.messageCount(name), 1600L);
        unused.queueDelete(name);
    }

    public static void main(String[] arguments) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(System.getenv().getOrDefault("MILLRACE_AMQP_HOST", "127.0.0.1"));
        factory.setPort(Integer.parseInt(System.getenv().getOrDefault("MILLRACE_AMQP_PORT", "5672")));
        connection = factory.newConnection("interop");
        test("confirms", RabbitmqJava::confirms);
        test("headers_of_all_types", RabbitmqJava::headers);
        test("returns", RabbitmqJava::returns);
        test("settlements", RabbitmqJava::settlements);
        test("bindings_and_alternates", RabbitmqJava::bindings);
        test("transactions", RabbitmqJava::transactions);
        test("cancellation_by_the_server", RabbitmqJava::cancellation);
        test("remote_procedure_calls", RabbitmqJava::remoteCalls);
        test("quorum_queues_count", RabbitmqJava::quorum);
        test("streams", RabbitmqJava::stream);
        test("refusals", RabbitmqJava::refusals);
        test("many_threads", RabbitmqJava::threads);
        connection.close();
        System.exit(failures == 0 ? 0 : 1);
    }
}
