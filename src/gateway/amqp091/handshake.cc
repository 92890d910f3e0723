#include <fmt/core.h>

#include "auth/password.h"
#include "auth/sasl.h"
#include "base/log.h"
#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/connection.h"
#include "wire/amqp091/field_table.h"

// What happens on channel 0 between the protocol header and open-ok (AMQP 0-9-1, 1.4.2), and update-secret.
namespace millrace::gateway::amqp091 {

namespace wire = ::millrace::wire::amqp091;

using wire::Method;
using wire::ReplyCode;

namespace {

constexpr std::string_view kMechanisms = "PLAIN AMQPLAIN";
// Less than the specification's minimum is what some clients ask for.
constexpr std::uint32_t kSmallestFrameMax = 4096;

/// Only what works is announced: clients choose what they do by it.
wire::FieldTable server_properties(const Options& options) {
  wire::FieldTable capabilities;
  for (const std::string_view name : {"publisher_confirms", "exchange_exchange_bindings", "basic.nack",
                                      "consumer_cancel_notify", "connection.blocked", "consumer_priorities",
                                      "authentication_failure_close", "per_consumer_qos", "direct_reply_to"}) {
    capabilities.add(name, true);
  }
  wire::FieldTable table;
  table.add("capabilities", std::move(capabilities));
  table.add("cluster_name", std::string_view(options.cluster_name));
  table.add("copyright", "Copyright (c) the authors of Millrace");
  table.add("information", "Licensed under the Apache License 2.0");
  table.add("platform", "native");
  table.add("product", "Millrace");
  table.add("version", std::string_view(options.version));
  return table;
}

std::optional<auth::Credentials> parse_credentials(std::string_view mechanism, std::string_view response) {
  if (mechanism == "PLAIN") {
    const auto plain = auth::parse_plain(bytes::as_bytes(response));
    if (!plain.has_value()) return std::nullopt;
    return *plain;
  }
  // AMQPLAIN: a field table without its length.
  const auto table = wire::FieldTableView::parse(bytes::as_bytes(response));
  if (!table.has_value()) return std::nullopt;
  const auto login = table->find("LOGIN");
  const auto password = table->find("PASSWORD");
  if (!login.has_value() || !password.has_value()) return std::nullopt;
  const auto login_text = login->as_text();
  const auto password_text = password->as_text();
  if (!login_text.has_value() || !password_text.has_value()) return std::nullopt;
  return auth::Credentials{std::string(*login_text), std::string(*password_text)};
}

bool has_capability(wire::FieldTableView capabilities, std::string_view name) {
  const auto value = capabilities.find(name);
  return value.has_value() && value->as_bool() == true;
}

}  // namespace

bool Connection::expect_state(State state, Method method) {
  if (state_ == state) return true;
  fail_state(method);
  return false;
}

void Connection::fail_state(Method method) {
  const bool running = state_ == State::running;
  fail({ReplyCode::channel_error,
        fmt::format("unexpected method in connection state {}", running ? "running" : "starting")},
       method);
}

void Connection::on_connection_frame(const wire::Frame& frame) {
  if (frame.type != wire::FrameType::method) {
    if (state_ == State::server_closing || state_ == State::client_closing) return;
    return fail({ReplyCode::unexpected_frame, "content frame on channel 0"});
  }
  bytes::Reader in(frame.payload);
  const Method method = wire::read_method(in);
  if (state_ == State::server_closing) {
    if (method == Method::connection_close) send(0, wire::ConnectionCloseOk{});
    if (method == Method::connection_close_ok) end("");
    return;
  }
  if (state_ == State::client_closing) return;
  on_connection_method(method, in);
}

void Connection::on_connection_method(Method method, bytes::Reader& in) {
  const auto run = [&]<class M>(State state, void (Connection::*handle)(const M&)) {
    if (!expect_state(state, method)) return;
    const auto decoded = M::decode(in);
    if (!decoded.has_value()) {
      return fail({wire::reply_code_for(decoded.error().code), std::string(decoded.error().detail)}, method);
    }
    (this->*handle)(*decoded);
  };
  switch (method) {
    case Method::connection_start_ok:
      return run(State::start_ok, &Connection::on_start_ok);
    case Method::connection_tune_ok:
      return run(State::tune_ok, &Connection::on_tune_ok);
    case Method::connection_open:
      return run(State::open, &Connection::on_open);
    case Method::connection_update_secret:
      return run(State::running, &Connection::on_update_secret);
    case Method::connection_close:
      return run(state_, &Connection::on_close);
    case Method::connection_close_ok:
      return;
    default:
      fail_state(method);
  }
}

void Connection::send_start() {
  const bytes::ByteVector properties = server_properties(options_).content();
  wire::ConnectionStart start;
  start.server_properties = wire::FieldTableView::trusted(properties);
  start.mechanisms = kMechanisms;
  send(0, start);
}

void Connection::read_client_properties(wire::FieldTableView properties) {
  const auto capabilities = properties.find("capabilities");
  if (capabilities.has_value()) {
    const wire::FieldTableView table = capabilities->as_table().value_or(wire::FieldTableView{});
    client_.cancel_notices = has_capability(table, "consumer_cancel_notify");
    client_.blocked_notices = has_capability(table, "connection.blocked");
    client_.failure_close = has_capability(table, "authentication_failure_close");
  }
  for (const std::string_view name : {"connection_name", "product"}) {
    const auto value = properties.find(name);
    const auto text = value.has_value() ? value->as_text() : std::nullopt;
    if (text.has_value() && client_.name.empty()) client_.name = text->substr(0, wire::kMaxShortstr);
  }
}

void Connection::on_start_ok(const wire::ConnectionStartOk& method) {
  read_client_properties(method.client_properties);
  const std::string mechanism(method.mechanism);
  if (mechanism != "PLAIN" && mechanism != "AMQPLAIN") {
    return fail({ReplyCode::command_invalid, fmt::format("unknown authentication mechanism '{}'", mechanism)},
                Method::connection_start_ok);
  }
  const auto credentials = parse_credentials(mechanism, method.response);
  if (!credentials.has_value()) return authenticated(mechanism, "", false);
  state_ = State::authenticating;
  authenticate(credentials->user, credentials->password,
               [this, mechanism, user = credentials->user](bool ok) { authenticated(mechanism, user, ok); });
}

void Connection::authenticate(std::string user, std::string password, std::function<void(bool)> done) {
  const catalog::User* found = shard_.catalog().find_user(user);
  const bool may = found != nullptr && shard_.authorizer().may_connect(user, socket_->peer_is_loopback());
  // The slow hash is computed for unknown users too, so that the time tells nothing.
  std::string stored = found == nullptr ? auth::unknown_user_hash() : found->password_hash;
  if (may && shard_.authorizer().credentials().knows(user, stored, password)) return done(true);
  struct Check {
    std::string user, stored, password;
    bool matches = false;
  };
  auto check = std::make_shared<Check>(Check{std::move(user), std::move(stored), std::move(password)});
  shard_.login_pool().submit(
      shard_.loop(),
      [weak = weak_from_this(), check] {
        if (!weak.expired()) check->matches = auth::verify(check->stored, check->password);
      },
      [weak = weak_from_this(), check, may, done = std::move(done)] {
        const auto self = weak.lock();
        if (self == nullptr || self->state_ != State::authenticating) return;
        if (check->matches && may) {
          self->shard_.authorizer().credentials().remember(check->user, check->stored, check->password);
        }
        done(check->matches && may);
        self->update_reading();
      });
}

void Connection::authenticated(const std::string& mechanism, const std::string& user, bool accepted) {
  if (accepted) {
    user_ = user;
    return send_tune();
  }
  base::log::warning("amqp: login of '{}' from {} refused", user, socket_->peer());
  const Failure refusal{ReplyCode::access_refused,
                        fmt::format("Login was refused using authentication mechanism {}. For details see the broker "
                                    "logfile.",
                                    mechanism)};
  state_ = State::start_ok;
  if (!client_.failure_close) return end("authentication failed");
  fail(refusal);
}

void Connection::send_tune() {
  state_ = State::tune_ok;
  send(0, wire::ConnectionTune{options_.channel_max, options_.frame_max, options_.heartbeat_seconds});
}

void Connection::on_tune_ok(const wire::ConnectionTuneOk& method) {
  const auto refuse = [this](std::string_view name, std::uint32_t value, std::string_view how, std::uint32_t limit) {
    fail({ReplyCode::not_allowed, fmt::format("negotiated {} = {} is {} allowed value ({})", name, value, how, limit)},
         Method::connection_tune_ok);
  };
  if (method.frame_max != 0 && method.frame_max < kSmallestFrameMax) {
    return refuse("frame_max", method.frame_max, "lower than the minimum", kSmallestFrameMax);
  }
  if (method.frame_max > options_.frame_max) {
    return refuse("frame_max", method.frame_max, "higher than the maximum", options_.frame_max);
  }
  if (method.channel_max > options_.channel_max) {
    return refuse("channel_max", method.channel_max, "higher than the maximum", options_.channel_max);
  }
  // 0 stands for "no limit of mine": then the server's holds.
  frame_max_ = method.frame_max == 0 ? options_.frame_max : method.frame_max;
  channel_max_ = method.channel_max == 0 ? options_.channel_max : method.channel_max;
  start_heartbeats(method.heartbeat);
  state_ = State::open;
}

void Connection::on_open(const wire::ConnectionOpen& method) {
  const catalog::VirtualHost* vhost = shard_.catalog().find_virtual_host(method.virtual_host);
  if (vhost == nullptr) {
    return fail({ReplyCode::not_allowed, fmt::format("vhost {} not found", method.virtual_host)},
                Method::connection_open);
  }
  if (!shard_.authorizer().may_enter(user_, vhost->id)) {
    return fail(
        {ReplyCode::not_allowed, fmt::format("access to vhost '{}' refused for user '{}'", method.virtual_host, user_)},
        Method::connection_open);
  }
  const auto limit = vhost->settings.max_connections;
  place_ = ConnectionPlaces::enter(options_.places, vhost->id, limit);
  if (place_ == nullptr) {
    return fail({ReplyCode::not_allowed,
                 fmt::format("access to vhost '{}' refused for user '{}': connection limit ({}) is reached",
                             method.virtual_host, user_, *limit)},
                Method::connection_open);
  }
  vhost_ = *vhost;
  state_ = State::running;
  timer_.cancel();
  send(0, wire::ConnectionOpenOk{});
  base::log::info("amqp: {} connected as '{}' to '{}' ({})", socket_->peer(), user_, vhost_.name, client_.name);
}

/// For credentials that are refreshed, like tokens. A password that let the client in stays what it was, so its new one
/// is not looked at, as with RabbitMQ's users.
void Connection::on_update_secret(const wire::ConnectionUpdateSecret&) {
  send(0, wire::ConnectionUpdateSecretOk{});
}

}  // namespace millrace::gateway::amqp091
