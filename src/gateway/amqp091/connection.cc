#include "gateway/amqp091/connection.h"

#include <fmt/core.h>

#include "base/log.h"
#include "gateway/amqp091/channel.h"

namespace millrace::gateway::amqp091 {

using wire::Method;
using wire::ReplyCode;

namespace {

constexpr base::Millis kHandshakeLimit{10'000};
// A publish that is not wholly there is left in the socket's buffer up to this size, to be taken without a copy when
// the rest has come; a larger one is collected.
constexpr std::size_t kWaitForWholePublish = std::size_t{64} << 10;
// Body frames that one publish may have to be taken in place.
constexpr std::size_t kMaxBodyParts = 8;
// Publishes of one connection that wait to be stored; reading pauses above.
constexpr std::uint64_t kMaxUnsettledMessages = 65536;
constexpr std::uint64_t kMaxUnsettledBytes = std::uint64_t{16} << 20;
// Bytes of frames that wait because their channel is busy.
constexpr std::int64_t kMaxDeferredBytes = std::int64_t{256} << 10;
// Incomplete messages of all channels together, in messages of the largest size.
constexpr std::uint64_t kMaxAssembledMessages = 4;
// Half intervals without a sign of the client until it counts as gone: two heartbeats missed.
constexpr unsigned kSilentIntervals = 4;

/// Names must differ between connections and after a restart.
std::uint64_t name_seed(broker::Shard& shard, broker::ConnectionId id) {
  const auto time = static_cast<std::uint64_t>(shard.loop().clock().wall().value);
  return time * 0x9E3779B97F4A7C15ULL ^ id.value;
}

}  // namespace

Connection::Connection(broker::Shard& shard, const Options& options, std::unique_ptr<io::Socket> socket,
                       OnClosed on_closed)
    : shard_(shard),
      options_(options),
      socket_(std::move(socket)),
      on_closed_(std::move(on_closed)),
      id_(shard.next_connection_id()),
      presenter_(shard.codecs()),
      host_(auth::host_of_peer(socket_->peer())),
      names_(name_seed(shard, id_)) {
  alarm_listener_ = shard_.limits().add_listener([this](broker::Limits::Alarm) { on_alarm(); });
}

Connection::~Connection() {
  // After on_closed() the shard may be gone: nothing here may need it then.
  if (alarm_listener_ == 0) return;
  end_channels();
  shard_.limits().remove_listener(alarm_listener_);
}

void Connection::start() {
  timer_ = shard_.loop().call_after(base::to_nanos(kHandshakeLimit), [this] { end("handshake timed out"); });
  socket_->start(this);
}

std::string Connection::unique_suffix() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr std::size_t kLength = 22;
  constexpr unsigned kBitsPerLetter = 6;
  std::string text;
  for (std::size_t i = 0; i < kLength; ++i) text += kAlphabet[names_.next() >> (64 - kBitsPerLetter)];
  return text;
}

std::size_t Connection::on_data(bytes::ByteView data) {
  received_ = true;
  ++reads_;
  now_ = shard_.loop().clock().wall();
  std::size_t used = 0;
  if (state_ == State::protocol_header) used = take_protocol_header(data);
  const auto takes_frames = [this] {
    return !paused_ && state_ != State::ended && state_ != State::protocol_header && state_ != State::authenticating;
  };
  while (takes_frames() && used < data.size()) {
    const bytes::ByteView rest = data.subspan(used);
    const wire::FrameParse parse = wire::parse_frame(rest, frame_max_);
    if (parse.status == wire::FrameStatus::need_more) break;
    if (parse.status == wire::FrameStatus::malformed) {
      const wire::WireError error = parse.wire_error();
      fail({wire::reply_code_for(error.code), std::string(error.detail)});
      // What follows cannot be told apart any more: close-ok included.
      end("");
      break;
    }
    const PublishParse publish = take_publish(rest, parse.frame, used);
    if (publish == PublishParse::wait) break;
    if (publish == PublishParse::taken) continue;
    used += parse.frame.size;
    on_frame(parse.frame);
  }
  update_reading();
  return state_ == State::ended ? data.size() : used;
}

std::size_t Connection::take_protocol_header(bytes::ByteView data) {
  const wire::ProtocolHeader header = wire::parse_protocol_header(data);
  if (header == wire::ProtocolHeader::need_more) return 0;
  if (header != wire::ProtocolHeader::amqp_0_9_1 && header != wire::ProtocolHeader::amqp_0_9) {
    bytes::ByteVector& output = out();
    output.insert(output.end(), std::begin(wire::kProtocolHeader), std::end(wire::kProtocolHeader));
    end("not the protocol header of AMQP 0-9-1");
    return data.size();
  }
  state_ = State::start_ok;
  send_start();
  return wire::kProtocolHeaderSize;
}

void Connection::on_frame(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::heartbeat) return;
  if (frame.channel == 0) return on_connection_frame(frame);
  if (state_ == State::running) return on_channel_frame(frame);
  // After a close method in either direction everything but close and close-ok is dropped (AMQP 0-9-1, 1.4.2.6).
  if (state_ == State::client_closing || state_ == State::server_closing) return;
  fail({ReplyCode::channel_error, "frame on a channel before the connection is open"});
}

Channel* Connection::find_channel(std::uint16_t number) const {
  if (number >= channels_.size() || channels_[number] == nullptr || channels_[number]->gone()) return nullptr;
  return channels_[number].get();
}

void Connection::on_channel_frame(const wire::Frame& frame) {
  Method method{0};
  if (frame.type == wire::FrameType::method) {
    bytes::Reader in(frame.payload);
    method = wire::read_method(in);
  }
  Channel* channel = find_channel(frame.channel);
  if (method == Method::channel_open) return open_channel(frame, method);
  if (channel == nullptr) {
    if (method == Method::channel_close_ok) return;  // it crossed a close of the client's own
    if (method == Method::channel_close) return send(frame.channel, wire::ChannelCloseOk{});
    return fail({ReplyCode::channel_error, "expected 'channel.open'"}, method);
  }
  channel->on_frame(frame);
  if (channel->gone()) channels_[frame.channel] = nullptr;
}

void Connection::open_channel(const wire::Frame& frame, Method method) {
  const std::uint16_t number = frame.channel;
  if (number > channel_max_) {
    return fail({ReplyCode::channel_error,
                 fmt::format("channel {} is above the negotiated channel_max ({})", number, channel_max_)},
                method);
  }
  if (find_channel(number) != nullptr) {
    return fail({ReplyCode::channel_error, "second 'channel.open' seen"}, method);
  }
  if (number >= channels_.size()) channels_.resize(std::size_t{number} + 1);
  channels_[number] = std::make_shared<Channel>(*this, number);
  send(number, wire::ChannelOpenOk{});
}

Connection::PublishParse Connection::take_publish(bytes::ByteView input, const wire::Frame& method, std::size_t& used) {
  constexpr std::size_t kMethodIdSize = 4;
  if (method.type != wire::FrameType::method || method.payload.size() < kMethodIdSize ||
      static_cast<Method>(bytes::load_be<std::uint32_t>(method.payload.data())) != Method::basic_publish) {
    return PublishParse::not_whole;
  }
  Channel* channel = state_ == State::running ? find_channel(method.channel) : nullptr;
  if (channel == nullptr || !channel->takes_publish()) return PublishParse::not_whole;

  std::size_t position = method.size;
  const auto next = [&](wire::FrameType type, wire::FrameParse& parse) {
    parse = wire::parse_frame(input.subspan(position), frame_max_);
    if (parse.status == wire::FrameStatus::need_more) {
      return position + parse.needed <= kWaitForWholePublish ? PublishParse::wait : PublishParse::not_whole;
    }
    const bool fits = parse.status == wire::FrameStatus::complete && parse.frame.type == type &&
                      parse.frame.channel == method.channel;
    if (fits) position += parse.frame.size;
    return fits ? PublishParse::taken : PublishParse::not_whole;
  };

  wire::FrameParse parse;
  if (const auto found = next(wire::FrameType::header, parse); found != PublishParse::taken) return found;
  const auto header = wire::ContentHeader::decode(parse.frame.payload);
  if (!header.has_value() || !channel->accepts(*header)) return PublishParse::not_whole;
  bytes::ByteView parts[kMaxBodyParts];
  std::size_t count = 0;
  std::uint64_t left = header->body_size;
  while (left > 0) {
    if (count == kMaxBodyParts) return PublishParse::not_whole;
    if (const auto found = next(wire::FrameType::body, parse); found != PublishParse::taken) {
      const bool small = position + left <= kWaitForWholePublish;
      return found == PublishParse::wait && small ? found : PublishParse::not_whole;
    }
    if (parse.frame.payload.size() > left) return PublishParse::not_whole;
    left -= parse.frame.payload.size();
    parts[count++] = parse.frame.payload;
  }
  used += position;
  channel->publish(method.payload, *header, {parts, count});
  return PublishParse::taken;
}

void Connection::add_unsettled(std::uint64_t bytes, std::uint64_t messages) {
  unsettled_bytes_ += bytes;
  unsettled_messages_ += messages;
}

void Connection::remove_unsettled(std::uint64_t bytes, std::uint64_t messages) {
  MILLRACE_ASSERT(bytes <= unsettled_bytes_ && messages <= unsettled_messages_);
  unsettled_bytes_ -= bytes;
  unsettled_messages_ -= messages;
  if (paused_) update_reading();
}

void Connection::change_deferred(std::int64_t bytes) {
  deferred_bytes_ += bytes;
  MILLRACE_ASSERT(deferred_bytes_ >= 0);
  if (paused_ && bytes < 0) update_reading();
}

bool Connection::add_assembling(std::uint64_t bytes) {
  assembling_bytes_ += bytes;
  return assembling_bytes_ <= kMaxAssembledMessages * options_.max_message_bytes;
}

void Connection::update_reading() {
  if (state_ == State::ended) return;
  // Once paused, reading resumes only when there is room for a good piece of input again.
  const std::uint64_t share = paused_ ? 2 : 1;
  const bool pause = state_ == State::authenticating || (blocked_ && state_ == State::running) ||
                     deferred_bytes_ > kMaxDeferredBytes || unsettled_bytes_ * share > kMaxUnsettledBytes ||
                     unsettled_messages_ * share > kMaxUnsettledMessages ||
                     socket_->pending_output() > (paused_ ? io::Socket::kLowWater : io::Socket::kHighWater);
  if (pause == paused_) return;
  paused_ = pause;
  if (pause)
    socket_->pause_reading();
  else
    socket_->resume_reading();
}

void Connection::set_publishes() {
  if (publishes_) return;
  publishes_ = true;
  on_alarm();
}

void Connection::on_alarm() {
  const broker::Limits::Alarm alarm = shard_.limits().alarm();
  const bool block = alarm.any() && publishes_;
  if (block == blocked_) return;
  blocked_ = block;
  if (client_.blocked_notices && state_ == State::running) {
    if (block) {
      const std::string_view reason = alarm.memory && alarm.disk ? "low on memory & disk"
                                      : alarm.memory             ? "low on memory"
                                                                 : "low on disk";
      send(0, wire::ConnectionBlocked{reason});
    } else {
      send(0, wire::ConnectionUnblocked{});
    }
  }
  update_reading();
}

void Connection::delivered(broker::ConsumerId consumer, std::uint64_t window_bytes) {
  if (socket_->pending_output() > io::Socket::kHighWater) {
    withheld_.push_back({consumer, window_bytes});
  } else {
    shard_.consumers().consumed(consumer, window_bytes);
  }
}

void Connection::forget_window(broker::ConsumerId consumer) {
  std::erase_if(withheld_, [consumer](const Withheld& entry) { return entry.consumer == consumer; });
}

void Connection::on_drained() {
  for (const Withheld& entry : std::exchange(withheld_, {})) shard_.consumers().consumed(entry.consumer, entry.bytes);
  update_reading();
}

void Connection::start_heartbeats(std::uint16_t seconds) {
  if (seconds == 0) return;
  constexpr std::int64_t kHalfSecond = 500;
  heartbeat_interval_ = base::to_nanos(base::Millis(seconds * kHalfSecond));
  heartbeat_timer_ = shard_.loop().call_after(heartbeat_interval_, [this] { check_heartbeat(); });
}

void Connection::check_heartbeat() {
  if (state_ == State::ended) return;
  // A connection that is not being read cannot be heard either.
  const bool heard = std::exchange(received_, false) || paused_;
  silent_intervals_ = heard ? 0 : silent_intervals_ + 1;
  if (silent_intervals_ >= kSilentIntervals) return end("missed heartbeats from the client");
  if (!wrote_) wire::append_heartbeat(out());
  wrote_ = false;
  heartbeat_timer_ = shard_.loop().call_after(heartbeat_interval_, [this] { check_heartbeat(); });
}

}  // namespace millrace::gateway::amqp091
