/* AMQP 0-9-1 with rabbitmq-c. needs: amqp */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char* problem;

#define CHECK(condition)    \
  do {                      \
    if (!(condition)) {     \
      problem = #condition; \
      return 0;             \
    }                       \
  } while (0)

static amqp_connection_state_t open_as(const char* password) {
  amqp_connection_state_t conn = amqp_new_connection();
  amqp_socket_t* socket = amqp_tcp_socket_new(conn);
  const char* host = getenv("MILLRACE_AMQP_HOST");
  const char* port = getenv("MILLRACE_AMQP_PORT");
  if (amqp_socket_open(socket, host ? host : "127.0.0.1", port ? atoi(port) : 5672) != AMQP_STATUS_OK) {
    amqp_destroy_connection(conn);
    return NULL;
  }
  amqp_rpc_reply_t reply = amqp_login(conn, "/", 0, 131072, 30, AMQP_SASL_METHOD_PLAIN, "guest", password);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    amqp_destroy_connection(conn);
    return NULL;
  }
  amqp_channel_open(conn, 1);
  return amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL ? conn : NULL;
}

static void close_all(amqp_connection_state_t conn) {
  amqp_connection_close(conn, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(conn);
}

static const char* fresh(void) {
  static char name[64];
  static int serial;
  snprintf(name, sizeof name, "c-%d-%d", (int)getpid(), ++serial);
  return name;
}

static int wait_frame(amqp_connection_state_t conn, amqp_frame_t* frame) {
  struct timeval limit = {10, 0};
  return amqp_simple_wait_frame_noblock(conn, frame, &limit) == AMQP_STATUS_OK;
}

static int publish_text(amqp_connection_state_t conn, const char* queue, const char* text) {
  amqp_basic_properties_t properties;
  memset(&properties, 0, sizeof properties);
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.delivery_mode = 2;
  properties.message_id = amqp_cstring_bytes(text);
  return amqp_basic_publish(conn, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0, &properties,
                            amqp_cstring_bytes(text)) == AMQP_STATUS_OK;
}

/* Counts confirms until all publishes up to `last` are acknowledged. */
static int wait_confirms(amqp_connection_state_t conn, uint64_t last) {
  uint64_t seen = 0;
  while (seen < last) {
    amqp_frame_t frame;
    CHECK(wait_frame(conn, &frame));
    CHECK(frame.frame_type == AMQP_FRAME_METHOD);
    CHECK(frame.payload.method.id == AMQP_BASIC_ACK_METHOD);
    const amqp_basic_ack_t* ack = frame.payload.method.decoded;
    CHECK(ack->delivery_tag <= last);
    seen = ack->multiple ? ack->delivery_tag : seen + 1;
  }
  return 1;
}

static int confirmed_publish_and_consume(amqp_connection_state_t conn) {
  const char* queue = fresh();
  amqp_queue_declare(conn, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, amqp_empty_table);
  CHECK(amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL);
  amqp_confirm_select(conn, 1);
  char text[16];
  for (int i = 0; i < 300; ++i) {
    snprintf(text, sizeof text, "%d", i);
    CHECK(publish_text(conn, queue, text));
  }
  CHECK(wait_confirms(conn, 300));
  amqp_basic_consume(conn, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  CHECK(amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL);
  for (int i = 0; i < 300; ++i) {
    amqp_envelope_t envelope;
    struct timeval limit = {10, 0};
    CHECK(amqp_consume_message(conn, &envelope, &limit, 0).reply_type == AMQP_RESPONSE_NORMAL);
    int length = snprintf(text, sizeof text, "%d", i);
    CHECK(envelope.message.body.len == (size_t)length &&
          memcmp(envelope.message.body.bytes, text, (size_t)length) == 0);
    CHECK(envelope.message.properties.message_id.len == (size_t)length);
    CHECK(envelope.delivery_tag == (uint64_t)i + 1 && !envelope.redelivered);
    CHECK(amqp_basic_ack(conn, 1, envelope.delivery_tag, 0) == AMQP_STATUS_OK);
    amqp_destroy_envelope(&envelope);
  }
  return 1;
}

static int get_reject_and_purge(amqp_connection_state_t conn) {
  const char* queue = fresh();
  amqp_queue_declare(conn, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, amqp_empty_table);
  for (int i = 0; i < 3; ++i) CHECK(publish_text(conn, queue, "same"));
  amqp_rpc_reply_t reply = amqp_basic_get(conn, 1, amqp_cstring_bytes(queue), 0);
  CHECK(reply.reply_type == AMQP_RESPONSE_NORMAL && reply.reply.id == AMQP_BASIC_GET_OK_METHOD);
  const amqp_basic_get_ok_t* got = reply.reply.decoded;
  CHECK(got->message_count == 2);
  const uint64_t tag = got->delivery_tag;
  amqp_message_t message;
  CHECK(amqp_read_message(conn, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  CHECK(message.body.len == 4 && memcmp(message.body.bytes, "same", 4) == 0);
  amqp_destroy_message(&message);
  CHECK(amqp_basic_reject(conn, 1, tag, 1) == AMQP_STATUS_OK);
  const amqp_queue_purge_ok_t* purged = amqp_queue_purge(conn, 1, amqp_cstring_bytes(queue));
  CHECK(purged && purged->message_count == 3);
  reply = amqp_basic_get(conn, 1, amqp_cstring_bytes(queue), 1);
  CHECK(reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD);
  const amqp_queue_delete_ok_t* deleted = amqp_queue_delete(conn, 1, amqp_cstring_bytes(queue), 0, 0);
  CHECK(deleted && deleted->message_count == 0);
  return 1;
}

static int direct_exchange(amqp_connection_state_t conn) {
  char exchange[80];
  snprintf(exchange, sizeof exchange, "x-%s", fresh());
  amqp_exchange_declare(conn, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes("direct"), 0, 1, 0, 0,
                        amqp_empty_table);
  CHECK(amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL);
  amqp_queue_declare_ok_t* declared = amqp_queue_declare(conn, 1, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
  CHECK(declared && declared->queue.len > 0);
  amqp_bytes_t queue = amqp_bytes_malloc_dup(declared->queue);
  amqp_queue_bind(conn, 1, queue, amqp_cstring_bytes(exchange), amqp_cstring_bytes("key"), amqp_empty_table);
  CHECK(amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL);
  for (int i = 0; i < 2; ++i) {
    CHECK(amqp_basic_publish(conn, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes(i ? "key" : "other"), 0, 0, NULL,
                             amqp_cstring_bytes(i ? "yes" : "no")) == AMQP_STATUS_OK);
  }
  amqp_rpc_reply_t reply = amqp_basic_get(conn, 1, queue, 1);
  CHECK(reply.reply.id == AMQP_BASIC_GET_OK_METHOD);
  amqp_message_t message;
  CHECK(amqp_read_message(conn, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
  CHECK(message.body.len == 3 && memcmp(message.body.bytes, "yes", 3) == 0);
  amqp_destroy_message(&message);
  amqp_bytes_free(queue);
  return 1;
}

static int missing_queue_closes_the_channel(amqp_connection_state_t conn) {
  amqp_queue_declare(conn, 1, amqp_cstring_bytes(fresh()), 1, 0, 0, 0, amqp_empty_table);
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(conn);
  CHECK(reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD);
  const amqp_channel_close_t* closed = reply.reply.decoded;
  CHECK(closed->reply_code == 404);
  amqp_channel_close_ok_t answer = {0};
  CHECK(amqp_send_method(conn, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer) == AMQP_STATUS_OK);
  amqp_channel_open(conn, 2);
  CHECK(amqp_get_rpc_reply(conn).reply_type == AMQP_RESPONSE_NORMAL);
  return 1;
}

static int wrong_password(amqp_connection_state_t conn) {
  (void)conn;
  CHECK(open_as("wrong") == NULL);
  return 1;
}

int main(void) {
  static const struct {
    const char* name;
    int (*run)(amqp_connection_state_t);
  } tests[] = {{"confirmed_publish_and_consume", confirmed_publish_and_consume},
               {"get_reject_and_purge", get_reject_and_purge},
               {"direct_exchange", direct_exchange},
               {"missing_queue_closes_the_channel", missing_queue_closes_the_channel},
               {"wrong_password", wrong_password}};
  int failed = 0;
  alarm(120);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    amqp_connection_state_t conn = open_as("guest");
    problem = "connecting";
    if (conn && tests[i].run(conn)) {
      printf("ok - %s\n", tests[i].name);
    } else {
      printf("not ok - %s: %s\n", tests[i].name, problem);
      failed = 1;
    }
    fflush(stdout);
    if (conn) close_all(conn);
  }
  return failed;
}
