#include "testing/sim_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "testing/sim_network.h"
#include "testing/sim_socket.h"

namespace millrace::sim {

namespace {

constexpr const char* kReset = "Connection reset by peer";

}  // namespace

void ByteQueue::drop(std::size_t count) {
  head_ += count;
  if (head_ == bytes_.size()) {
    clear();
  } else if (head_ > 65536 && head_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

SimConnection::SimConnection(SimWire& wire, std::uint64_t id, std::uint16_t port, bool from_loopback)
    : wire_(wire), world_(wire.world()), id_(id), port_(port), from_loopback_(from_loopback) {
  const WireSettings& settings = wire.settings();
  window_ = world_.prng().between(settings.window_min, settings.window_max);
  arrival_ = world_.after(world_.random_delay(settings.delay_min, settings.delay_max),
                          [this] { shared_from_this()->arrive(); });
}

std::string SimConnection::client_name() const {
  return fmt::format("{}:{}", from_loopback_ ? "127.0.0.1" : "192.0.2.1", 10'000 + id_ % 50'000);
}

std::string SimConnection::server_name() const {
  return fmt::format("127.0.0.1:{}", port_);
}

void SimConnection::arrive() {
  const auto listener = wire_.listeners_.find(port_);
  if (listener == wire_.listeners_.end()) {
    refuse("Connection refused");
  } else if (client_ == nullptr) {
    refuse("");  // gave up before it was accepted
  } else {
    listener->second->offer(shared_from_this());
  }
}

void SimConnection::refuse(const std::string& reason) {
  pending_ = false;
  to_server_.bytes.clear();
  finish(to_client_, reason);
  forget_if_dead();
}

void SimConnection::set_server(SimSocket* server) {
  pending_ = false;
  server_ = server;
  schedule(to_server_);
}

void SimConnection::client_send(bytes::ByteView data) {
  if (to_server_.finished) return;
  to_server_.bytes.append(data);
  schedule(to_server_);
}

void SimConnection::client_pause(bool paused) {
  client_paused_ = paused;
  if (!paused) schedule(to_client_);
}

void SimConnection::client_close() {
  client_ = nullptr;
  to_client_.bytes.clear();
  finish(to_server_, "");
  // Nobody takes the server's output any more, and there is always room for it.
  if (server_ != nullptr) server_->writable();
  forget_if_dead();
}

void SimConnection::client_reset() {
  wire_.counters_.count("wire.client_reset");
  client_ = nullptr;
  to_client_.bytes.clear();
  cut_at_random(to_server_);
  finish(to_server_, kReset);
  if (server_ != nullptr) server_->writable();
  forget_if_dead();
}

std::size_t SimConnection::server_room() const {
  if (client_ == nullptr || to_client_.ended) return ~std::size_t{0};
  return window_ - std::min(window_, to_client_.bytes.size());
}

void SimConnection::server_send(bytes::ByteView data) {
  if (client_ == nullptr || to_client_.finished) return;
  to_client_.bytes.append(data);
  schedule(to_client_);
}

void SimConnection::server_finish() {
  finish(to_client_, "");
}

void SimConnection::server_gone(bool unread_input) {
  if (server_ == nullptr) return;
  server_ = nullptr;
  const bool reset = unread_input || !to_server_.bytes.empty();
  to_server_.bytes.clear();
  to_server_.timer.cancel();
  if (reset && client_ != nullptr && !to_client_.finished) {
    // A close with unread input is a reset, which overtakes what is under way.
    wire_.counters_.count("wire.closed_with_unread_input");
    cut_at_random(to_client_);
    finish(to_client_, kReset);
  } else {
    finish(to_client_, "");
  }
  forget_if_dead();
}

void SimConnection::break_now() {
  wire_.counters_.count("wire.broken");
  const auto self = shared_from_this();
  for (Pipe* pipe : {&to_server_, &to_client_}) {
    cut_at_random(*pipe);
    pipe->finished = false;
    finish(*pipe, kReset);
  }
}

void SimConnection::server_machine_stopped() {
  const auto self = shared_from_this();
  pending_ = false;
  wire_.counters_.count("wire.dropped_by_server_stop");
  to_server_.bytes.clear();
  to_server_.timer.cancel();
  cut_at_random(to_client_);
  to_client_.finished = false;
  finish(to_client_, kReset);
  if (server_ != nullptr) finish(to_server_, kReset);
  forget_if_dead();
}

void SimConnection::finish(Pipe& pipe, const std::string& reason) {
  if (pipe.finished) return;
  pipe.finished = true;
  pipe.end_reason = reason;
  schedule(pipe);
}

void SimConnection::cut_at_random(Pipe& pipe) {
  if (pipe.bytes.empty()) return;
  const std::size_t left = world_.prng().below(pipe.bytes.size() + 1);
  if (left < pipe.bytes.size()) wire_.counters_.count("wire.bytes_cut_off", pipe.bytes.size() - left);
  pipe.bytes.truncate(left);
}

void SimConnection::schedule(Pipe& pipe) {
  if (pipe.scheduled || pipe.ended || (pipe.bytes.empty() && !pipe.finished)) return;
  const WireSettings& settings = wire_.settings();
  pipe.scheduled = true;
  pipe.timer =
      world_.after(world_.random_delay(settings.delay_min, settings.delay_max), [self = weak_from_this(), &pipe] {
        // The pipe is a part of the connection that is held here.
        if (const auto connection = self.lock()) connection->deliver(pipe);
      });
}

void SimConnection::deliver(Pipe& pipe) {
  pipe.scheduled = false;
  const std::uint32_t reset = wire_.settings().reset_per_million;
  if (reset > 0 && !pipe.finished && world_.prng().below(1'000'000) < reset) {
    break_now();
    return;
  }
  if (&pipe == &to_server_) {
    deliver_to_server();
  } else {
    deliver_to_client();
  }
  forget_if_dead();
}

std::size_t SimConnection::next_chunk(std::size_t available) {
  base::Prng& prng = world_.prng();
  const std::size_t most = prng.chance(1, 4) ? 16 : wire_.settings().chunk_max;
  return prng.between(1, std::min(available, std::max<std::size_t>(most, 1)));
}

void SimConnection::deliver_to_server() {
  if (server_ == nullptr) return;
  if (!to_server_.bytes.empty()) {
    if (server_->unread() >= kReceiveWindow) return;  // goes on when the server has read
    const std::size_t count = next_chunk(to_server_.bytes.size());
    server_->arrived(to_server_.bytes.view().first(count));
    to_server_.bytes.drop(count);
  } else if (to_server_.finished) {
    to_server_.ended = true;
    server_->peer_ended(to_server_.end_reason);
  }
  schedule(to_server_);
}

void SimConnection::deliver_to_client() {
  if (client_ == nullptr) return;
  if (!to_client_.bytes.empty()) {
    // A reset is noticed even by a client that does not read.
    if (client_paused_ && to_client_.end_reason.empty()) return;
    const std::size_t count = next_chunk(to_client_.bytes.size());
    const bytes::ByteView all = to_client_.bytes.view().first(count);
    const bytes::ByteVector chunk(all.begin(), all.end());
    to_client_.bytes.drop(count);
    if (server_ != nullptr) server_->writable();
    if (client_->on_data) {
      client_->on_data(chunk);
    } else {
      client_->received += bytes::as_text(chunk);
    }
  } else if (to_client_.finished) {
    to_client_.ended = true;
    SimClient* client = std::exchange(client_, nullptr);
    // The client closes its side in turn.
    finish(to_server_, "");
    client->closed_by_peer(to_client_.end_reason);
  }
  schedule(to_client_);
}

void SimConnection::forget_if_dead() {
  // A copy of the pointer, if any, is on the stack of whoever called.
  if (!alive()) wire_.connections_.erase(id_);
}

SimClient::SimClient(std::shared_ptr<SimConnection> connection) : connection_(std::move(connection)) {
  connection_->set_client(this);
}

SimClient::~SimClient() {
  close();
}

void SimClient::send(bytes::ByteView data) {
  if (open_) connection_->client_send(data);
}

void SimClient::pause() {
  if (open_) connection_->client_pause(true);
}

void SimClient::resume() {
  if (open_) connection_->client_pause(false);
}

void SimClient::close() {
  if (std::exchange(open_, false)) connection_->client_close();
}

void SimClient::reset() {
  if (std::exchange(open_, false)) connection_->client_reset();
}

std::size_t SimClient::in_flight() const {
  return connection_->to_server_size();
}

void SimClient::closed_by_peer(const std::string& reason) {
  open_ = false;
  close_reason_ = reason;
  if (on_closed) on_closed(reason);
}

SimWire::SimWire(SimWorld& world) : world_(world) {}
SimWire::~SimWire() = default;

std::unique_ptr<SimClient> SimWire::connect(std::uint16_t port, bool from_loopback) {
  const std::uint64_t id = next_connection_++;
  auto connection = std::make_shared<SimConnection>(*this, id, port, from_loopback);
  connections_.emplace(id, connection);
  return std::make_unique<SimClient>(std::move(connection));
}

void SimWire::drop_all() {
  const auto connections = connections_;
  for (const auto& [id, connection] : connections) connection->server_machine_stopped();
}

bool SimWire::drop_one() {
  if (connections_.empty()) return false;
  const auto it =
      std::next(connections_.begin(), static_cast<std::ptrdiff_t>(world_.prng().below(connections_.size())));
  std::shared_ptr<SimConnection>(it->second)->break_now();
  return true;
}

std::size_t SimWire::open_connections() const {
  return connections_.size();
}

}  // namespace millrace::sim
